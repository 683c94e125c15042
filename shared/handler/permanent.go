package handler

import "vodevents/shared/deliver"

// Permanent marks an error that no further try will mend: the event is parked,
// in DEAD_LETTER or whole in the log, from where it can be replayed.
// Permanent(nil) is nil.
func Permanent(err error) error { return deliver.Permanent(err) }
