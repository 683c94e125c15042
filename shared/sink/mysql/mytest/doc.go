// Package mytest runs a real MariaDB for tests; see
// [vodevents/shared/sink/servertest].
package mytest
