// Package cron reads the cron expressions of SCF's timer trigger and tells
// when they fire (583/9708).
//
// # The grammar
//
// An expression has seven fields, separated by spaces:
//
//	second  minute  hour  day   month            week             year
//	0-59    0-59    0-23  1-31  1-12 or JAN-DEC  0-6 or SUN-SAT   1970-2099
//
// In week, 0 is Sunday. Each field is a list of parts, separated by commas. The
// field matches when one of its parts does:
//
//	9      this value
//	9-17   these values, both ends included
//	9-17/2 every second value from 9 to 17
//	5/10   every tenth value, from 5 to the field's last
//	*/10   every tenth value, from the field's first
//	*      every value
//
// # How it differs from other cron expressions
//
//   - Seconds come first, and a year comes last.
//   - Times are UTC+8 ([Zone]), although the function itself runs in UTC.
//   - If neither day nor week is *, it is enough that one of them matches.
//   - The usual form with five fields is refused, because its minutes would be
//     read as seconds.
//   - ? L W and # are refused, because only the Chinese page lists them. Write a *
//     or a list of days instead.
package cron
