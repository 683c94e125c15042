// Package scfapi calls the APIs that a deployment needs: those of SCF (version
// 2018-04-16) for functions and triggers, and those of CAM (2019-01-16) for the
// role. Names are spelled as Tencent spells them.
//
// Every write is asynchronous. A call answers with a RequestId alone, and
// GetFunction tells what becomes of the function: see [Function.Status]. A write
// to a function that is not Active is refused, so wait between any two.
//
// Errors are of type [*Error]. They say what to do next and hold no secrets:
// GetFunction answers the values of a function's environment in the clear, so no
// error quotes an answer, and messages of the API go through [Options.Mask].
package scfapi
