// Command check runs "go test" with the arguments that it is given, prints what
// that prints, and looks for the secrets of the tests in all of it, also in
// what tests that pass have logged. It fails if one is found, if a test fails,
// or if the search shows nothing: if a type of provider that has a secret was
// tested with none, nothing was looked at, or the secret that is printed on
// purpose was not found.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/providers"
)

// command is the package whose tests look at what the program leaves.
const command = "github.com/spfzone/spfzone/cmd/spfzone"

func main() {
	r := &run{outputs: map[string]*strings.Builder{}, secrets: map[string]string{}, looked: map[string]int{}}
	failed := r.tests(os.Args[1:])
	complaints := r.judge(os.Getenv("SPFZONE_INTEGRATION") == "required")
	for _, c := range complaints {
		fmt.Println("leaks: " + c)
	}
	if failed != nil {
		fmt.Println("leaks: go test:", failed)
	}
	if failed != nil || len(complaints) > 0 {
		os.Exit(1)
	}
	fmt.Println(r.summary())
}

// run is what a run of tests has shown.
type run struct {
	outputs map[string]*strings.Builder // by package; without the lines that name secrets
	secrets map[string]string           // by value, the name
	looked  map[string]int              // octets, by what they were of
	size    int
}

// event is a line of "go test -json".
type event struct {
	Action, Package, Test, Output, ImportPath string
}

// tests runs them, and prints what "go test" would.
func (r *run) tests(args []string) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	logs := map[string]*strings.Builder{} // of tests that run
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if len(line) > 0 && json.Unmarshal(line, &e) == nil {
			r.take(e, logs)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	return cmd.Wait()
}

func (r *run) take(e event, logs map[string]*strings.Builder) {
	id := e.Package + " " + e.Test
	switch {
	case e.Action == "build-output":
		fmt.Print(e.Output)
	case e.Action == "output":
		if e.Test == "" && e.Output != "PASS\n" {
			fmt.Print(e.Output)
		}
		if logs[id] == nil {
			logs[id] = &strings.Builder{}
		}
		logs[id].WriteString(e.Output)
		r.note(e)
	case e.Action == "fail" && e.Test != "":
		fmt.Print(logs[id])
		delete(logs, id)
	case e.Action == "fail": // what ran when the package died says why
		for name, log := range logs {
			if strings.HasPrefix(name, e.Package+" ") && name != id {
				fmt.Print(log)
				delete(logs, name)
			}
		}
	case e.Action == "pass" || e.Action == "skip":
		delete(logs, id)
	}
}

// note keeps a line of output, or what it says of secrets.
func (r *run) note(e event) {
	r.size += len(e.Output)
	if _, rest, found := strings.Cut(e.Output, leaks.Used); found {
		name, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if secret, err := hex.DecodeString(value); err == nil && len(secret) > 0 {
			r.secrets[string(secret)] = name
			return
		}
	}
	if _, rest, found := strings.Cut(e.Output, leaks.Looked); found {
		where, octets, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, _ := strconv.Atoi(octets)
		r.looked[where] += n
	}
	if r.outputs[e.Package] == nil {
		r.outputs[e.Package] = &strings.Builder{}
	}
	r.outputs[e.Package].WriteString(e.Output)
}

// judge says what is wrong. Where the servers of the tests need not be there,
// what is lacking may be theirs.
func (r *run) judge(strict bool) (complaints []string) {
	control := false
	for _, pkg := range slices.Sorted(maps.Keys(r.outputs)) {
		text := []byte(r.outputs[pkg].String())
		for value, name := range r.secrets {
			switch found := leaks.Holds(text, value); {
			case name == leaks.Control:
				control = control || found
			case found:
				complaints = append(complaints, fmt.Sprintf("the secret %s is in the output of the tests of %s: go test -v %[2]s", name, pkg))
			}
		}
	}
	if !control {
		complaints = append(complaints, "the secret that is printed on purpose was not found: the search finds nothing")
	}
	if !strict {
		return complaints
	}
	wanted := []string{"crash", "errors"}
	if r.outputs[command] != nil {
		wanted = append(wanted, "journal", "log", "output")
	}
	for _, where := range wanted {
		if r.looked[where] == 0 {
			complaints = append(complaints, "no test looked for secrets in "+where)
		}
	}
	for _, d := range providers.Describe() {
		for _, f := range d.Fields {
			if name := d.Type + "." + f.Name; f.Kind == providers.Secret && !slices.Contains(slices.Collect(maps.Values(r.secrets)), name) {
				complaints = append(complaints, fmt.Sprintf("no test used a secret %s", name))
			}
		}
	}
	return complaints
}

func (r *run) summary() string {
	text := fmt.Sprintf("leaks: none of %d secrets is in %d octets of output of %d packages", len(r.secrets)-1, r.size, len(r.outputs))
	for _, where := range slices.Sorted(maps.Keys(r.looked)) {
		text += fmt.Sprintf(", nor in %d of %s", r.looked[where], where)
	}
	return text + "; the one that is printed on purpose was found"
}
