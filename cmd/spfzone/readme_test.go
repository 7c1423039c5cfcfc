package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/nameserver"
)

// TestReadme (with -update it writes the outputs anew) runs every command of the
// README's console blocks that begins with spfzone, and compares what it prints
// with what stands below it. Those of the blocks marked sh must succeed. The
// make targets that it names must be there.
func TestReadme(t *testing.T) {
	t.Chdir("../..")
	ran, text := runPage(t, "README.md")
	if shown := exampleShown(t, "examples/big-record/spfzone.yaml", "\ndefaults:"); !strings.Contains(text, shown) {
		t.Error("the configuration in the README is not that of the example")
	}
	for _, line := range plainCommands(text) {
		ran++
		if code, stdout, stderr := runArgs(t, shellWords(t, strings.TrimPrefix(line, "spfzone "))...); code != exitYes || stdout == "" {
			t.Errorf("%s: exit %d\n%s", line, code, stderr)
		}
	}
	if ran < 3 {
		t.Errorf("%d commands of the README were run, want 3 or more", ran)
	}
}

// TestFirstHour goes through the commands of the README's first hour in their
// order, from a record that is published to one that verify finds as planned.
func TestFirstHour(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, hour, _ := strings.Cut(string(text), "### The first hour\n")
	hour, _, ok := strings.Cut(hour, "\n### ")
	if !ok {
		t.Fatal("the README has no first hour")
	}
	inFolder(t, nil)
	ns := nameserver.BIND(t, pageZone, pageZoneText+"@ IN TXT \"v=spf1 mx ip4:192.0.2.0/25 ip4:192.0.2.128/25 -all\"\n")
	s := newServer(t, ns, updateProvider(ns))
	s.hurried = true
	config := `defaults: {all: fail, ttl: 1s}
domains: {x.com: {senders: [mx, 192.0.2.0/24]}}
`
	s.configure(config)
	var ran []string
	for _, m := range regexp.MustCompile("`spfzone ([^`]*)`").FindAllStringSubmatch(hour, -1) {
		if m[1] == "plan" {
			s.configure(strings.Replace(config, "/24]", "/24], publish: {provider: p}", 1) + "providers: {p: " + s.provider + "}\n")
		}
		args := strings.Fields(m[1])
		if args[0] == "push" {
			args = append(args, "--yes") // nobody is there to be asked
		}
		s.run(t.Context(), exitYes, args...)
		ran = append(ran, args[0])
	}
	if want := []string{"diff", "update", "providers", "plan", "push", "verify", "update", "push"}; !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
	if got, want := s.spfOf(pageZone), "v=spf1 mx ip4:192.0.2.0/24 -all"; got != want {
		t.Errorf("published is %q, want %q", got, want)
	}
}

// TestMoving is TestReadme for the page on moving.
func TestMoving(t *testing.T) {
	t.Chdir("../..")
	ran, text := runPage(t, "docs/moving.md")
	if shown := exampleShown(t, "examples/moving/spfzone.yaml", "\nnetworks:"); !strings.Contains(text, shown) {
		t.Error("the configuration on the page is not that of the example")
	}
	if ran != 4 {
		t.Errorf("%d commands of the page were run, want 4", ran)
	}
}

// exampleShown gives a configuration from a line on, which a page shows.
func exampleShown(t *testing.T, path, from string) string {
	t.Helper()
	example, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, shown, ok := strings.Cut(string(example), from)
	if !ok {
		t.Fatalf("%s has no line %q", path, from)
	}
	return from + shown
}

// runPage runs the commands of a page's console blocks.
func runPage(t *testing.T, path string) (ran int, page string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range consoleCommands(string(text)) {
		name, args, _ := strings.Cut(c.line, " ")
		switch name {
		case "make":
			target := strings.Fields(args)[0]
			if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
				t.Errorf("%s has %q, which is no target", path, c.line)
			}
		case "spfzone":
			ran++
			code, stdout, stderr := runArgs(t, shellWords(t, args)...)
			if *update {
				text = replaceOutput(text, c, stderr+stdout)
				continue
			}
			if diff := cmp.Diff(c.output, strings.TrimRight(stderr+stdout, "\n")); diff != "" {
				t.Errorf("%s: exit %d (-%s +got):\n%s", c.line, code, path, diff)
			}
		}
	}
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return ran, string(text)
}

// plainCommands gives the command lines of the fenced blocks marked sh, of which
// the README shows no output.
func plainCommands(text string) (lines []string) {
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// console is a command line and what stands below it.
type console struct{ line, written, output string }

// replaceOutput puts the output of a command in the place of the one below it.
func replaceOutput(text []byte, c console, output string) []byte {
	before := "$ " + c.written + "\n" + c.output
	after := "$ " + c.written + "\n" + strings.TrimRight(output, "\n")
	if c.output == "" {
		after += "\n"
	}
	return []byte(strings.Replace(string(text), before, after, 1))
}

// consoleCommands gives the commands of the fenced blocks marked console.
func consoleCommands(text string) []console {
	var out []console
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(text, -1) {
		for _, c := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			line, output, _ := strings.Cut(c, "\n")
			written := line
			for strings.HasSuffix(line, "\\") {
				var next string
				next, output, _ = strings.Cut(output, "\n")
				written += "\n" + next
				line = strings.TrimSuffix(line, "\\") + strings.TrimSpace(next)
			}
			out = append(out, console{line, written, strings.TrimRight(output, "\n")})
		}
	}
	return out
}

// shellWords splits a command line as a shell does.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `printf '%s\n' `+line).Output()
	if err != nil {
		t.Skipf("no shell to split the command lines of the README: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
