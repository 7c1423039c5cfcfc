package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestTextIsHidden(t *testing.T) {
	const value = "d0-not-tell"
	var b bytes.Buffer
	type holder struct {
		Key  Text
		keys []Text
	}
	h := holder{New(value), []Text{New(value)}}
	printed := 0
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{New(value), h, &h, h.keys, map[Text]Text{h.Key: h.Key}} {
			fmt.Fprintf(&b, verb+"\n", v)
			printed++
		}
	}
	encoded, err := json.Marshal(h)
	if err != nil || string(encoded) != `{"Key":"[hidden]"}` {
		t.Errorf("%s, %v", encoded, err)
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "key", h.Key, "all", h)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "key", h.Key, "all", h)
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprint([]byte(value))} {
		if strings.Contains(b.String(), form) {
			t.Errorf("%q is in\n%s", form, &b)
		}
	}
	if n := strings.Count(b.String(), Hidden); n < printed {
		t.Errorf("hidden %d times in %d outputs", n, printed)
	}
	var back holder
	if err := json.Unmarshal([]byte(`{"Key":"d0-not-tell"}`), &back); err != nil || back.Key.Reveal() != value {
		t.Errorf("read as %q, %v", back.Key.Reveal(), err)
	}
	if !(Text{}).IsZero() || !New("").IsZero() || h.Key.IsZero() || (Text{}).Reveal() != "" {
		t.Error("the empty text and others are confused")
	}
}
