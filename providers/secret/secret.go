// Package secret has the text that no output shows.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Text is a secret. Whatever prints, logs or encodes it, or a struct that holds
// it, shows [Hidden] or an address. The zero value is the empty text.
type Text struct{ value *string } // a pointer, as fmt asks no methods of fields that are not exported

// Hidden stands where a secret would.
const Hidden = "[hidden]"

// New makes a secret of a text.
func New(text string) Text { return Text{&text} }

// Reveal gives the text.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// IsZero reports whether the text is empty.
func (t Text) IsZero() bool { return t.Reveal() == "" }

// String implements [fmt.Stringer].
func (Text) String() string { return Hidden }

// Format implements [fmt.Formatter]: no verb tells more.
func (Text) Format(s fmt.State, _ rune) { io.WriteString(s, Hidden) }

// MarshalText implements [encoding.TextMarshaler], for JSON and what is like it.
func (Text) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *Text) UnmarshalText(text []byte) error {
	*t = New(string(text))
	return nil
}

// LogValue implements [slog.LogValuer].
func (Text) LogValue() slog.Value { return slog.StringValue(Hidden) }
