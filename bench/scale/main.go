//go:build unix

// Command scale measures the program on configurations of many domains that
// share networks and services: the time by the wall and of all processors
// together, and the most memory that it held.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// shape is a kind of configuration.
type shape struct {
	name     string
	domains  int // of 100,000, those that it has
	networks func(i int) string
	domain   func(i int) string
}

const (
	networks = 50   // that small domains share
	blocks   = 2000 // that large ones share
	vendors  = 12
)

var shapes = []shape{
	{"two networks and two services each", 100_000, network, func(i int) string {
		return fmt.Sprintf("senders: [n%d, n%d, s%d, s%d]", i%networks, (i*7+3)%networks, i%6, (i+1+i%5)%6)
	}},
	{"over budget, four services of nine flattened", 10_000, network, func(i int) string {
		return fmt.Sprintf("limits: {response: 1232}, senders: [n%d, s0, s1, s2, s3, s4, s%d, s%d, s%d, s%d]", i%networks, 5+i%2, 7+i%2, 9, 10+i%2)
	}},
	{"400 networks each, compact", 1_000, block, func(i int) string {
		var b strings.Builder
		b.WriteString("encoding: compact, limits: {response: 1232}, senders: [")
		for k := range 400 {
			fmt.Fprintf(&b, "n%d, ", (i*3+k*5)%blocks)
		}
		return b.String() + fmt.Sprintf("s%d]", i%6)
	}},
}

func network(i int) string {
	if i >= networks {
		return ""
	}
	return fmt.Sprintf("[10.%d.0.0/16, 172.16.%d.0/24, '2001:db8:%x::/48']", i, i, i)
}

func block(i int) string {
	if i >= blocks {
		return ""
	}
	return fmt.Sprintf("[10.%d.%d.%d/30]", i%7, i*37%256, i*5%64*4)
}

func main() {
	log.SetFlags(0)
	program := flag.String("spfzone", "../spfzone", "the program")
	scale := flag.Int("domains", 100_000, "of the largest configuration")
	flag.Parse()
	path, err := filepath.Abs(*program)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d cores\n", runtime.NumCPU())
	for _, s := range shapes {
		s.domains = max(s.domains**scale/100_000, 1)
		if err := measure(path, s); err != nil {
			log.Fatal(err)
		}
	}
}

// measure builds a configuration, builds it again, and then builds one domain
// that has changed.
func measure(program string, s shape) error {
	dir, err := os.MkdirTemp("", "scale")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "world.zone"), world(), 0o666); err != nil {
		return err
	}
	config := filepath.Join(dir, "spfzone.yaml")
	if err := os.WriteFile(config, s.config(""), 0o666); err != nil {
		return err
	}
	fmt.Printf("\n%d domains, %s\n", s.domains, s.name)
	for _, step := range []struct {
		name    string
		args    []string
		written int
	}{
		{"build", nil, s.domains},
		{"build again", nil, 0},
		{"build --only one that changed", []string{"--only", "c0.example"}, 1},
	} {
		if step.args != nil {
			if err := os.WriteFile(config, s.config(", all: softfail"), 0o666); err != nil {
				return err
			}
		}
		if err := run(program, dir, step.name, step.args, step.written); err != nil {
			return err
		}
	}
	return nil
}

// config lists the domains; first is what the first of them has besides.
func (s shape) config(first string) []byte {
	var b bytes.Buffer
	b.WriteString("defaults: {all: fail}\nnetworks:\n")
	for i := 0; s.networks(i) != ""; i++ {
		fmt.Fprintf(&b, "  n%d: %s\n", i, s.networks(i))
	}
	b.WriteString("services:\n")
	for i := range vendors {
		fmt.Fprintf(&b, "  s%d: {include: _spf.v%d.test}\n", i, i)
	}
	b.WriteString("domains:\n")
	for i := range s.domains {
		fmt.Fprintf(&b, "  c%d.example: {%s%s}\n", i, s.domain(i), first)
		first = ""
	}
	return b.Bytes()
}

// world has vendors with records as they publish them: some blocks of their
// own, and one to three includes with more.
func world() []byte {
	var b bytes.Buffer
	for i := range vendors {
		text := "v=spf1"
		for k := range 1 + i%3 {
			text += fmt.Sprintf(" include:_net%d.v%d.test", k, i)
			fmt.Fprintf(&b, "_net%d.v%d.test. TXT \"v=spf1", k, i)
			for n := range 3 + (i+k)%8 {
				fmt.Fprintf(&b, " ip4:198.%d.%d.0/%d", 18+i%2, (i*31+k*11+n*5)%256, 24+n%4)
			}
			fmt.Fprintf(&b, " ip6:2001:db8:f%x%x::/48 ~all\"\n", i, k)
		}
		fmt.Fprintf(&b, "_spf.v%d.test. TXT \"%s ip4:203.0.113.%d ~all\"\n", i, text, i)
	}
	return b.Bytes()
}

// run runs one build, and holds it to the number of files that it wrote.
func run(program, dir, name string, args []string, written int) error {
	var out bytes.Buffer
	cmd := exec.Command(program, append([]string{"build", "-o", "zones", "--resolver", "file:world.zone"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, io.Discard
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	wall := time.Since(start)
	if n := bytes.Count(out.Bytes(), []byte("written ")); n != written {
		return fmt.Errorf("%s: %d files written, want %d", name, n, written)
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	peak := used.Maxrss // in kB, save on macOS
	if runtime.GOOS == "darwin" {
		peak >>= 10
	}
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	fmt.Printf("  %-30s %7.2f s, %6.2f s of processors, %4d MB at most, %d files written\n", name, wall.Seconds(), cpu.Seconds(), peak>>10, written)
	return nil
}
