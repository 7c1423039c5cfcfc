package providers

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/libdns/linode"
)

func kindLinode() kind {
	return kind{
		name: "linode",
		doc:  "Linode (Akamai)",
		fields: []FieldDescription{
			{"api_token", Secret, true, "a personal access token"},
			{"api_url", Text, false, "another API"},
			{"api_version", Text, false, "its version"},
		},
		strategy: Strategy{Alone: AppendDelete, Beside: AppendDelete},
		open:     module(plain(), settleLinode),
	}
}

// settleLinode has the module do at once, and takes back, what it does to the
// whole program at its first call: it makes a logger on standard output the
// default one, and the library beneath it puts a transport of its own into the
// default HTTP client, and writes to what is standard error at that moment. The
// call is one for which nothing is sent.
func settleLinode(_ *library, p *linode.Provider) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return quietly(func() error {
		client, stderr := *http.DefaultClient, os.Stderr
		os.Stderr = null // which that library keeps, so that it stays open
		defer func() { *http.DefaultClient, os.Stderr = client, stderr }()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := p.GetRecords(ctx, "."); err == nil {
			return errors.New("the module read a zone that is none")
		}
		return nil
	})
}
