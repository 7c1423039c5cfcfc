package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
)

func TestZoneFileName(t *testing.T) {
	tests := []struct{ zone, want string }{
		{"x.com.", "x.com.zone"},
		{"xn--bcher-kva.example.", "xn--bcher-kva.example.zone"},
		{"0/25.2.0.192.in-addr.arpa.", "0%2F25.2.0.192.in-addr.arpa.zone"},
		{`..\a.com.`, `..%5Ca.com.zone`},
		{"c:%.com.", "c%3A%25.com.zone"},
	}
	for _, tt := range tests {
		if got := (&zone{name: tt.zone}).fileName(formatZone); got != tt.want {
			t.Errorf("the file of %s is %s, want %s", tt.zone, got, tt.want)
		}
	}
}

// TestDelivery holds what is printed to the rule: all zones, or none if a
// domain is refused; with --keep-going those that are whole.
func TestDelivery(t *testing.T) {
	domain := func(name, zone string, refused bool) *builder.DomainPlan {
		d := &builder.DomainPlan{Domain: &builder.Domain{Name: name, Zone: zone}}
		if refused {
			d.Err = &builder.Refusal{}
		}
		return d
	}
	whole := []*builder.DomainPlan{domain("a.test.", "a.test.", false), domain("x.a.test.", "A.test.", false)}
	torn := []*builder.DomainPlan{domain("b.test.", "b.test.", false), domain("x.b.test.", "b.test.", true)}
	tests := []struct {
		name      string
		plans     [][]*builder.DomainPlan
		keepGoing bool
		want      []string
	}{
		{"all built", [][]*builder.DomainPlan{whole, torn[:1]}, false, []string{"a.test", "b.test"}},
		{"the last refused", [][]*builder.DomainPlan{whole, torn}, false, nil},
		{"the first refused", [][]*builder.DomainPlan{torn, whole}, false, nil},
		{"one refused, keep going", [][]*builder.DomainPlan{torn, whole}, true, []string{"a.test"}},
		{"none", nil, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newTestAppOver(nil)
			d := newDelivery(&a.app, &builder.Config{}, buildOptions{keepGoing: tt.keepGoing})
			for _, plan := range slices.Concat(tt.plans...) {
				if err := d.take(plan); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.finish(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(a.out.String()) {
				if name, ok := strings.CutPrefix(strings.TrimSuffix(line, headerBehind+"\n"), "; "+headerBefore); ok {
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("zones (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	refusal := func(kind builder.RefusalKind) error {
		r := &builder.Refusal{Kind: kind}
		return withCode(codeOfRefusal(r), r)
	}
	tests := []struct {
		name string
		err  error
		want exitCode
	}{
		{"none", nil, 0},
		{"vectors", refusal(builder.Vectors), 1},
		{"usage", usagef("no"), 2},
		{"usage within", errors.Join(usagef("no")), 2},
		{"DNS", refusal(builder.DNSFailure), 3},
		{"a file", fs.ErrPermission, 3},
		{"over budget", refusal(builder.OverBudget), 4},
		{"too large", refusal(builder.TooLarge), 4},
		{"unproven", refusal(builder.Unproven), 4},
		{"broken", refusal(builder.Broken), 4},
		{"collision", refusal(builder.Collision), 4},
		{"the context", context.DeadlineExceeded, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := codeOf(tt.err); got != tt.want {
				t.Errorf("code %d, want %d", got, tt.want)
			}
		})
	}
}

// TestWorstRefusalDecides holds the exit code of several refusals to the
// gravest: one that needs a decision over one to try again, over a vector.
func TestWorstRefusalDecides(t *testing.T) {
	domain := func(kind builder.RefusalKind) *builder.DomainPlan {
		return &builder.DomainPlan{Domain: &builder.Domain{Name: "x.test.", Zone: "x.test."}, Err: &builder.Refusal{Kind: kind, Domain: "x.test.", Msg: string(kind)}}
	}
	tests := []struct {
		kinds []builder.RefusalKind
		want  exitCode
	}{
		{[]builder.RefusalKind{builder.Vectors, builder.DNSFailure}, 3},
		{[]builder.RefusalKind{builder.DNSFailure, builder.Broken, builder.Vectors}, 4},
		{[]builder.RefusalKind{builder.Vectors}, 1},
	}
	for _, tt := range tests {
		a := newTestAppOver(nil)
		d := newDelivery(&a.app, &builder.Config{}, buildOptions{dir: "zones"})
		want := ""
		for _, kind := range tt.kinds {
			if err := d.take(domain(kind)); err != nil {
				t.Fatal(err)
			}
			want += "spfzone: x.test: " + string(kind) + "\n"
		}
		if got := codeOf(d.refusals()); got != tt.want {
			t.Errorf("%v: code %d, want %d", tt.kinds, got, tt.want)
		}
		if diff := cmp.Diff(want+"spfzone: no zone is written, as not every domain is built\n", a.err.String()); diff != "" {
			t.Errorf("stderr (-want +got):\n%s", diff)
		}
	}
}
