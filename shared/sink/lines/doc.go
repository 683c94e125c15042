// Package lines is the sink of stdout: and file:PATH: JSON lines, one
// CloudEvents object each.
//
// stdout: ([Stream]) is meant for a container, a pipe or a first look. On SCF
// standard output is the log, so media URLs in events land there.
//
// file:PATH ([Sink]) appends every batch in one write, and says yes only after
// an fsync. Several processes may append to one file: each locks it (flock on
// Unix, LockFileEx on Windows) to look at its end, write and sync. A file that
// does not end with a line break, as after a crash, gets one first, so that a
// torn line spoils no other; a reader skips lines that are no JSON. Before each
// batch the file is compared with what its path names: after a rotation or a
// deletion the next batch begins a new file. Rotation that copies and truncates
// works too.
//
// The path may name a device such as /dev/null, or a named pipe that somebody
// reads. They are written to and not synced.
//
// Line breaks in the raw payload stand only between tokens and become blanks;
// all other bytes come out as VOD sent them.
package lines
