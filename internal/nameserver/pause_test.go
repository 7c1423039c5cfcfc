//go:build unix

package nameserver

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// No thread of a server that is paused runs on, and it serves when it is resumed.
func TestPause(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("no /proc: states of threads cannot be looked at")
	}
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			s := k.Start(t, "example.test.", zone)
			for range 50 {
				s.Pause()
				files, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "task", "*", "stat"))
				if err != nil || len(files) == 0 {
					t.Fatal(len(files), err)
				}
				for _, f := range files {
					stat, err := os.ReadFile(f)
					if err != nil {
						t.Fatal(err)
					}
					// The state stands behind the name of the program, in parentheses.
					if i := strings.LastIndex(string(stat), ") "); i < 0 || stat[i+2] != 'T' {
						t.Errorf("a thread is not stopped: %s", stat)
					}
				}
				s.Resume()
			}
			if n := len(s.TXT("example.test.")); n != 1 {
				t.Errorf("%d records after it was resumed", n)
			}
		})
	}
}
