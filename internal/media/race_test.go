//go:build race

package media_test

// raceDetector slows down everything, and takes memory of its own.
const raceDetector = true
