package cron_test

import (
	"fmt"
	"time"

	"vodevents/scripts/internal/cron"
)

// Every weekday at a quarter past ten, Beijing time.
func Example() {
	s, err := cron.Parse("0 15 10 * * MON-FRI *")
	if err != nil {
		fmt.Println(err)
		return
	}
	friday := time.Date(2026, 11, 27, 12, 0, 0, 0, cron.Zone)
	next := s.Next(friday)
	fmt.Println(next.Format("Mon 2006-01-02 15:04:05 -0700"))
	fmt.Println(next.UTC().Format("Mon 2006-01-02 15:04:05 MST"))
	// Output:
	// Mon 2026-11-30 10:15:00 +0800
	// Mon 2026-11-30 02:15:00 UTC
}
