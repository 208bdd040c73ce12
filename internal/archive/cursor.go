package archive

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// encodeCursor makes the opaque text of a list position.
func encodeCursor(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil { // only numbers, booleans and strings come here
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor reads what encodeCursor made into pointers.
func decodeCursor(s string, parts ...any) error {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return fmt.Errorf("cursor: %w", err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("cursor: %w", err)
	}
	if len(raw) != len(parts) {
		return fmt.Errorf("cursor has %d parts, not %d", len(raw), len(parts))
	}
	for i, p := range parts {
		if err := json.Unmarshal(raw[i], p); err != nil {
			return fmt.Errorf("cursor: %w", err)
		}
	}
	return nil
}
