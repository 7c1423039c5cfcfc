package providers

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/internal/leaks"
)

// TestCrash has a program crash with every type of provider open, and with
// everything that holds a secret in the words that it dies with.
func TestCrash(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run", "^TestCrashing$")
	cmd.Env = append(os.Environ(), "SPFZONE_TEST_CRASH=1", "GOTRACEBACK=system")
	dump, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(dump), "panic: on purpose") || !strings.Contains(string(dump), "goroutine ") {
		t.Fatalf("no crash: %v\n%s", err, dump)
	}
	if n := strings.Count(string(dump), "[hidden]"); n < 20 {
		t.Errorf("%d secrets are hidden:\n%s", n, dump)
	}
	used := 0
	for _, k := range kinds() {
		for _, f := range k.fields {
			if f.Kind == Secret {
				leaks.Use(t, k.name+"."+f.Name, crashSecret(k, f))
				used++
			}
		}
	}
	leaks.Look(t, "crash", dump)
	if used < 20 {
		t.Errorf("%d secrets", used)
	}
}

func crashSecret(k kind, f FieldDescription) string {
	switch {
	case k.name == "transip":
		return testRSAKey()
	case k.name == "rfc2136":
		return "Y3Jhc2gtdGVzdC1rZXktb2YtMzItb2N0ZXRzISEhISE="
	}
	return leaks.Of("crash " + k.name + "." + f.Name)
}

// TestCrashing is the program that crashes.
func TestCrashing(t *testing.T) {
	if os.Getenv("SPFZONE_TEST_CRASH") == "" {
		t.Skip("it is run by TestCrash")
	}
	var words strings.Builder
	for _, k := range kinds() {
		s := Settings{Place: "c.yaml:1:1", Name: "p", Type: k.name, Fields: map[string]Field{}}
		for _, f := range k.fields {
			value := map[FieldKind]string{Number: "3", Boolean: "true", Text: "http://127.0.0.1:1", Secret: crashSecret(k, f)}[f.Kind]
			switch f.Name {
			case "key_alg":
				value = "hmac-sha256"
			case "server":
				value = "127.0.0.1:1"
			case "endpoint":
				value = "ovh-eu"
			case "command":
				value, _ = os.Executable()
			}
			s.Fields[f.Name] = Field{"c.yaml:2:2", value}
		}
		p, err := Open(s, Env{ZoneFile: func(ZoneFile) Swapper { return nil }})
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		for _, format := range []string{"%v ", "%+v ", "%#v "} {
			fmt.Fprintf(&words, format, s)
			fmt.Fprintf(&words, format, p)
			fmt.Fprintf(&words, format, p.backend)
			if n, ok := p.backend.(native); ok { // of a library's own struct nobody can say how it prints
				fmt.Fprintf(&words, format, n.Swapper)
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		panic("on purpose: " + words.String())
	}()
	<-done
}
