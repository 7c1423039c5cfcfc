package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// update rewrites what the tests compare with: docs/, and the outputs in
// scripts.
var update = flag.Bool("update", false, "write docs/ and the expected outputs of the scripts anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"spfzone": main})
}

// TestScripts runs the command as a process.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Condition:           condition,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// condition is true for "root" where permissions stop nobody.
func condition(name string) (bool, error) {
	if name != "root" {
		return false, fmt.Errorf("no condition %q", name)
	}
	return os.Geteuid() == 0, nil
}

// exits is the script command "exits CODE command...": it fails unless the
// command ends with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// TestEveryCommandHasAScript holds each command to a script of its own.
func TestEveryCommandHasAScript(t *testing.T) {
	commands := newRoot(&app{}).Commands()
	if len(commands) == 0 {
		t.Fatal("no commands")
	}
	for _, cmd := range commands {
		script := filepath.Join("testdata", "script", cmd.Name()+".txtar")
		if _, err := os.Stat(script); err != nil {
			t.Errorf("the command %s has no script: %v", cmd.Name(), err)
		}
	}
}
