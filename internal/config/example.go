package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is one setting, for the example file and the table in the README.
type field struct {
	Section string // "" at the top
	Key     string
	Env     string
	Doc     string
	Default string // as TOML writes it
	Secret  bool
}

// fields lists all settings in order.
func fields(c Config) []field {
	return walk(reflect.ValueOf(c), "", "HUICUN_")
}

func walk(v reflect.Value, section, prefix string) []field {
	var out []field
	for i := range v.NumField() {
		f, fv := v.Type().Field(i), v.Field(i)
		key := f.Tag.Get("toml")
		if fv.Kind() == reflect.Struct {
			out = append(out, walk(fv, strings.TrimPrefix(section+"."+key, "."), prefix+f.Tag.Get("envPrefix"))...)
			continue
		}
		out = append(out, field{
			Section: section, Key: key, Env: prefix + f.Tag.Get("env"), Doc: f.Tag.Get("doc"),
			Default: tomlValue(fv), Secret: f.Tag.Get("secret") == "true",
		})
	}
	return out
}

func tomlValue(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return strconv.Quote(x.String())
	case string:
		return strconv.Quote(x)
	case []string:
		quoted := make([]string, len(x))
		for i, s := range x {
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	default:
		return fmt.Sprint(x)
	}
}

// sectionDocs maps section names to their comments.
func sectionDocs(t reflect.Type, prefix string) map[string]string {
	out := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Kind() != reflect.Struct {
			continue
		}
		name := strings.TrimPrefix(prefix+"."+f.Tag.Get("toml"), ".")
		out[name] = f.Tag.Get("doc")
		for k, v := range sectionDocs(f.Type, name) {
			out[k] = v
		}
	}
	return out
}

// Example is huicun.example.toml: every setting with its default, commented out.
func Example() string {
	var b strings.Builder
	b.WriteString("# Settings of huicun, with their defaults. Made by `huicun config`; do not edit by hand.\n" +
		"# Each can be given in the environment instead: HUICUN_SECTION_KEY.\n")
	docs := sectionDocs(reflect.TypeOf(Config{}), "")
	section := ""
	seen := map[string]bool{}
	for _, f := range fields(Default()) {
		if f.Section != section {
			section = f.Section
			if parent, _, ok := strings.Cut(section, "."); ok && !seen[parent] {
				seen[parent] = true
				fmt.Fprintf(&b, "\n# %s\n", docs[parent])
			}
			fmt.Fprintf(&b, "\n# %s\n[%s]\n", docs[section], section)
		}
		fmt.Fprintf(&b, "# %s\n# %s = %s\n", f.Doc, f.Key, f.Default)
	}
	return b.String()
}

// Table is the configuration table of the README, in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| setting | environment | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, f := range fields(Default()) {
		name := strings.TrimPrefix(f.Section+"."+f.Key, ".")
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s |\n", name, f.Env, f.Default, f.Doc)
	}
	return b.String()
}
