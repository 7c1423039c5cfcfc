//go:build race

package builder

// RaceDetector says whether the tests run under the race detector, which finds
// nothing in work of one goroutine, and makes it five times as long.
const RaceDetector = true
