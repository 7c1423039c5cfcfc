package providers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/secret"
	"github.com/spfzone/spfzone/providers/txt"
)

func kindExec() kind {
	return kind{
		name: "exec",
		doc:  "an operator's own program, which is given JSON; see docs/exec-provider.md",
		fields: []FieldDescription{
			{"command", Text, true, "the path of the program; it gets no arguments"},
			{"secret", Secret, false, "what the program finds as SPFZONE_SECRET in its environment"},
			{"timeout", Number, false, "the seconds that it may take; 60 if left out"},
		},
		strategy: Strategy{Alone: ReadAndSwap, Beside: ReadAndSwap, Lists: ListWay{Most: 500}},
		open: func(o opening) (backend, error) {
			p, err := decode[program](o.object)
			if err != nil {
				return nil, err
			}
			if p.path, err = exec.LookPath(p.Command); err != nil {
				return nil, err
			}
			p.stderr, p.scrub = o.stderr, o.scrub
			return native{p}, nil
		},
	}
}

// program is an operator's own.
type program struct {
	Command string      `json:"command"`
	Secret  secret.Text `json:"secret"`
	Timeout int         `json:"timeout"`

	path   string
	stderr io.Writer
	scrub  scrubber
	mu     sync.Mutex // of stderr
}

// programRequest goes to the program on its standard input.
type programRequest struct {
	Version int        `json:"version"`
	Action  string     `json:"action"` // "read" or "replace", or of address lists "read-names" or "change-names"
	Zone    string     `json:"zone"`
	Name    string     `json:"name"`
	Old     *txt.RRset `json:"old,omitempty"`
	New     *txt.RRset `json:"new,omitempty"`

	// Of change-names, at and below Name.
	TTL     uint32   `json:"ttl,omitempty"`
	Address string   `json:"address,omitempty"`
	Add     []string `json:"add,omitempty"`
	Delete  []string `json:"delete,omitempty"`
}

// programAnswer comes from its standard output.
type programAnswer struct {
	Version int          `json:"version"`
	TTL     uint32       `json:"ttl"`
	Records []txt.Record `json:"records"`
	Names   []struct {   // at and below a name
		Name string `json:"name"`
		Type string `json:"type"`
		Data string `json:"data"`
		TTL  uint32 `json:"ttl"`
	} `json:"names"`
	Error *struct {
		Kind    string `json:"kind"` // "conflict", "siblings", "unsafe" or "failed"
		Message string `json:"message"`
	} `json:"error"`
}

// ReadTXT asks the program.
func (p *program) ReadTXT(ctx context.Context, zone, name string) (txt.RRset, error) {
	a, err := p.run(ctx, programRequest{Version: 1, Action: "read", Zone: zone, Name: name})
	if len(a.Records) == 0 {
		return txt.RRset{}, err
	}
	return txt.RRset{TTL: a.TTL, Records: a.Records}, err
}

// ReplaceTXT has the program do it.
func (p *program) ReplaceTXT(ctx context.Context, zone, name string, old, new txt.RRset) error {
	for _, s := range []*txt.RRset{&old, &new} {
		if s.Records == nil {
			s.Records = []txt.Record{}
		}
	}
	_, err := p.run(ctx, programRequest{Version: 1, Action: "replace", Zone: zone, Name: name, Old: &old, New: &new})
	return err
}

// ReadSubtrees asks the program.
func (p *program) ReadSubtrees(ctx context.Context, zone string, roots []string, _ func(string) []string) (map[string]addresslist.Subtree, error) {
	out := map[string]addresslist.Subtree{}
	for _, root := range roots {
		a, err := p.run(ctx, programRequest{Version: 1, Action: "read-names", Zone: zone, Name: root})
		if err != nil {
			return nil, err
		}
		s := addresslist.Subtree{Whole: true}
		for _, n := range a.Names {
			s.Records = append(s.Records, addresslist.Record{Name: strings.ToLower(n.Name), Type: strings.ToUpper(n.Type), Data: n.Data, TTL: n.TTL})
		}
		out[root] = s
	}
	return out, nil
}

// ChangeNames has the program do it.
func (p *program) ChangeNames(ctx context.Context, zone string, b addresslist.Batch) error {
	_, err := p.run(ctx, programRequest{Version: 1, Action: "change-names", Zone: zone, Name: b.Root, TTL: b.TTL, Address: addresslist.Address, Add: b.Add, Delete: b.Delete})
	return err
}

// mostOutput bounds what is read of a program's answer: a list of a hundred
// thousand names has fewer octets.
const mostOutput = 1 << 24

func (p *program) run(ctx context.Context, r programRequest) (programAnswer, error) {
	limit := time.Duration(p.Timeout) * time.Second
	if limit == 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s took longer than %v: %w", p.Command, limit, context.DeadlineExceeded))
	defer cancel()
	in, err := json.Marshal(r)
	if err != nil {
		return programAnswer{}, err
	}
	var out limitedBuffer
	said := &lines{write: p.pass}
	cmd := exec.CommandContext(ctx, p.path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(append(in, '\n')), &out, said
	cmd.WaitDelay = 2 * time.Second // for what it has started and left behind
	if !p.Secret.IsZero() {
		cmd.Env = append(os.Environ(), "SPFZONE_SECRET="+p.Secret.Reveal())
	}
	failed := cmd.Run()
	said.flush()
	if ctx.Err() != nil {
		return programAnswer{}, context.Cause(ctx)
	}
	return p.answer(out.b, failed)
}

// answer reads what the program said.
func (p *program) answer(out []byte, failed error) (programAnswer, error) {
	var a programAnswer
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.DisallowUnknownFields()
	err := dec.Decode(&a)
	if err == nil && dec.More() {
		err = errors.New("more than one value")
	}
	switch {
	case err == nil && a.Error != nil:
		return programAnswer{}, programError(a.Error.Kind, a.Error.Message)
	case failed != nil:
		return programAnswer{}, fmt.Errorf("%s: %w", p.Command, failed)
	case err != nil:
		return programAnswer{}, fmt.Errorf("%s did not answer as docs/exec-provider.md says: %w", p.Command, err)
	case a.Version != 1:
		return programAnswer{}, fmt.Errorf("%s answers by version %d, where this is version 1", p.Command, a.Version)
	}
	return a, nil
}

func programError(kind, message string) error {
	cause := map[string]error{"conflict": ErrConflict, "siblings": ErrSiblings, "unsafe": ErrUnsafe}[kind]
	if cause != nil {
		return fmt.Errorf("%w: %s", cause, message)
	}
	return errors.New(message)
}

// pass hands on a line that the program wrote to its standard error.
func (p *program) pass(line string) {
	if p.stderr == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.stderr, "%s: %s\n", p.Command, p.scrub.text(line))
}

// lines cuts what is written into lines, so that a secret is never seen in
// halves.
type lines struct {
	write   func(string)
	pending []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.pending = append(l.pending, b...)
	for {
		line, rest, found := bytes.Cut(l.pending, []byte("\n"))
		if !found {
			return len(b), nil
		}
		l.write(strings.TrimSuffix(string(line), "\r"))
		l.pending = rest
	}
}

func (l *lines) flush() {
	if len(l.pending) > 0 {
		l.write(string(l.pending))
		l.pending = nil
	}
}

// limitedBuffer fails on more than mostOutput.
type limitedBuffer struct{ b []byte }

func (l *limitedBuffer) Write(p []byte) (int, error) {
	if len(l.b)+len(p) > mostOutput {
		return 0, fmt.Errorf("more than %d octets of output", mostOutput)
	}
	l.b = append(l.b, p...)
	return len(p), nil
}
