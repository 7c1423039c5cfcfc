package providers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/providers/secret"
	"github.com/spfzone/spfzone/providers/txt"
)

// scrubber takes secrets out of texts.
type scrubber struct{ replace *strings.Replacer }

// newScrubber knows each secret as it is and in the forms in which requests
// carry it, the lines of one that has several too.
func newScrubber(secrets []string) scrubber {
	var forms []string
	for _, s := range secrets {
		parts := []string{strings.TrimSpace(s)}
		if strings.Contains(parts[0], "\n") {
			for line := range strings.Lines(parts[0]) {
				if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") { // of PEM, which is no secret
					parts = append(parts, line)
				}
			}
		}
		for _, part := range parts {
			quoted, _ := json.Marshal(part)
			forms = append(forms, part, url.QueryEscape(part), url.PathEscape(part), string(quoted[1:len(quoted)-1]),
				base64.StdEncoding.EncodeToString([]byte(part)), base64.URLEncoding.EncodeToString([]byte(part)))
		}
	}
	forms = slices.DeleteFunc(forms, func(f string) bool { return f == "" })
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // the longest first
	var pairs []string
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, secret.Hidden)
	}
	return scrubber{strings.NewReplacer(pairs...)}
}

func (s scrubber) text(t string) string { return s.replace.Replace(t) }

// err gives an error that is what the caller may ask for, and otherwise a text
// only, so that no wrapped error tells what the text does not.
func (s scrubber) err(err error) error {
	if err == nil {
		return nil
	}
	out := &scrubbed{text: s.text(err.Error())}
	for _, cause := range []error{ErrConflict, ErrSiblings, ErrUnsafe, txt.ErrPutBack, txt.ErrUnpublished, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			out.causes = append(out.causes, cause)
		}
	}
	return out
}

type scrubbed struct {
	text   string
	causes []error
}

func (e *scrubbed) Error() string        { return e.text }
func (e *scrubbed) Is(target error) bool { return slices.Contains(e.causes, target) }
