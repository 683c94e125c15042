package handler

import "vodevents/shared/deliver"

// Permanent marks an error that no further try can help. The event is parked in
// DEAD_LETTER, or without one in the log, and can be replayed from there.
// Permanent(nil) is nil.
func Permanent(err error) error { return deliver.Permanent(err) }
