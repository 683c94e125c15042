// Package scfapi calls the APIs that a deployment needs: those of SCF (version
// 2018-04-16) for functions and triggers, and those of CAM (2019-01-16) for the
// role. Names are spelled as Tencent spells them.
//
// Every write is asynchronous. Its answer has only a RequestId, and GetFunction shows
// what becomes of the function: see [Function.Status]. A write to a function that is
// not Active is refused, so wait between any two writes.
//
// Errors are of type [*Error]. They say what to do next and hold no secrets:
// GetFunction returns the values of a function's environment in clear text, so no
// error quotes an answer, and messages of the API go through [Options.Mask].
package scfapi
