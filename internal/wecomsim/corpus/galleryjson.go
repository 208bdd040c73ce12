package corpus

import (
	"fmt"
	"strconv"
)

// object writes a JSON object of names and values in turn: strings, numbers,
// lists of strings, and []byte for JSON that is written already.
func object(pairs ...any) []byte {
	b := []byte{'{'}
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, pairs[i].(string)), ':')
		b = appendValue(b, pairs[i+1])
	}
	return append(b, '}')
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendQuoted(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	case bool:
		return strconv.AppendBool(b, v)
	case []byte:
		return append(b, v...)
	case []string:
		quoted := make([][]byte, len(v))
		for i, s := range v {
			quoted[i] = appendQuoted(nil, s)
		}
		return append(b, list(quoted...)...)
	}
	panic(fmt.Sprintf("corpus: a value of type %T in an exhibit", v))
}

// list writes a JSON array.
func list(items ...[]byte) []byte {
	b := []byte{'['}
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	return append(b, ']')
}

// field writes "name":value.
func field(name string, value []byte) []byte {
	return append(append(appendQuoted(nil, name), ':'), value...)
}

// bare takes the braces off an object, for payloads that stand at the top.
func bare(object []byte) []byte { return object[1 : len(object)-1] }

// typed is one item of a mixed message, a note or a forwarded record: its content
// is JSON in a string.
func typed(typeName, kind string, content []byte, more ...any) []byte {
	return object(append([]any{typeName, kind, "content", string(content)}, more...)...)
}

// galleryMsgID is the id of a message of the sample chat.
func galleryMsgID(seed uint64, exhibit, n int, at int64, internal bool) string {
	h := mix(seed, 0x6A1E, uint64(exhibit), uint64(n))
	id := strconv.FormatUint(h|1<<60, 10) + "_" + strconv.FormatInt(at+int64(1100+h%4200), 10)
	if !internal {
		id += "_external"
	}
	return id
}
