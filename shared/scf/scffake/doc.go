// Package scffake is a local stand-in for the API of Tencent Cloud SCF (version
// 2018-04-16), with the part of CAM (2019-01-16) that a deployment needs. You need
// no account and no network to try a deployer against it. It runs the code that
// was uploaded: function URLs, timers and Invoke reach real processes.
//
// # Start
//
// A test calls [RunT], and any other program [Start]. Give its URL to the deployer
// as the address of both APIs. Sign calls with [SecretId] and [SecretKey]; X-TC-Region is needed for SCF.
// A deployer in the same process can use [New] and [Server.Transport], which open
// no socket.
//
// # Functions
//
// Every write takes its time: the function is Creating, Updating or Deleting for
// [Options].StateTime by the Server's clock, which [Server.FastForward] moves, or
// for so many answers of GetFunction as Options.StatePolls says. Meanwhile other
// writes are refused.
//
// The zip's executable of the name that Handler says runs under SCF's protocol
// (package local), with SCF's variables and the function's. The URL in
// TriggerDesc serves HTTP, [Server.FireTimer] fires a timer, and
// [Server.Log] has what was written.
//
// [Server.Function] shows a function without a call of the API.
//
// # Faults
//
// [Server.Next] makes the next calls of an action go wrong. [Server.Control] asks
// a function about each call. [Server.StopAfter] stops the deployer after a
// number of calls. [Server.Calls] lists all calls, without secrets.
//
// # What the documents do not say
//
// This is what the stand-in does where the documents are silent. Where another
// behavior is likely too, the one of the [Alternatives] in parentheses chooses it.
//
//   - A request may have 10 MB (MaxRequest).
//   - The errors of a function that exists and of one that does not end in
//     .Function (OtherCodes).
//   - A write in a wrong state is answered FailedOperation.ACTION (BusyCode), and
//     as soon as a function is Active it takes the next one (Settle).
//   - CodeSha256 is the SHA-256 of the zip as uploaded (OtherHash).
//   - A trigger made without Enable is closed (TriggersOpen).
//   - An http trigger that is made again has another URL (KeepURL). On 127.0.0.1
//     it always has.
//   - UpdateTrigger takes http (NoHTTPUpdate).
//   - Empty ids take a function out of its VPC (VpcStays).
//   - Members that UpdateFunctionConfiguration leaves out keep their value. An
//     empty list of Variables clears the environment (EmptyEnvironment).
//   - A new environment reaches new instances, which replace the old ones
//     (KeepInstances).
//   - 4 KB of environment are the bytes of all keys and values.
//   - Code without the executable, or without its exec bit, is accepted; each
//     invocation fails.
//   - What a function URL answers when the function fails, or when it is closed,
//     is a status of this package's own.
//   - Triggers and reserved quotas change at once, without a state.
//   - A reserved quota must hold one instance.
//
// It has no functions of Type HTTP, no versions, aliases, layers or images, and only
// the namespace default. CAM keeps roles and policies but enforces no rights. A
// function without the public network can still reach it; see [Server.Function].
package scffake
