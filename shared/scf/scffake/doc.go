// Package scffake is a local stand-in for the API of Tencent Cloud SCF (version
// 2018-04-16), with the part of CAM (2019-01-16) that a deployment needs. You need
// no account and no network to try a deployer against it. It runs the uploaded code:
// function URLs, timers and Invoke reach real processes.
//
// # Start
//
// A test calls [RunT], and any other program [Start]. Give its URL to the deployer
// as the address of both APIs. Sign calls with [SecretId] and [SecretKey]. SCF also
// needs X-TC-Region. A deployer in the same process can use [New] and
// [Server.Transport], which open no socket.
//
// # Functions
//
// Every write takes time: the function is Creating, Updating or Deleting for
// [Options].StateTime by the Server's clock, which [Server.FastForward] moves, or
// for Options.StatePolls answers of GetFunction. Meanwhile other writes are refused.
//
// Handler names the executable in the zip that runs under SCF's protocol (package
// local), with SCF's variables and the function's. The URL in TriggerDesc serves
// HTTP, [Server.FireTimer] fires a timer, and [Server.Log] has what the function
// wrote.
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
// This is what the stand-in does where the documents are silent. If another behavior
// is likely too, the member of [Alternatives] in parentheses chooses it.
//
//   - A request may have 10 MB (MaxRequest).
//   - The codes for "the function exists" and "it does not exist" end in .Function
//     (OtherCodes).
//   - A write in a wrong state is answered FailedOperation.ACTION (BusyCode), and
//     as soon as a function is Active it takes the next one (Settle).
//   - CodeSha256 is the SHA-256 of the zip as uploaded (OtherHash).
//   - A trigger made without Enable is closed (TriggersOpen).
//   - An http trigger that is made again has another URL (KeepURL). On 127.0.0.1
//     its URL always changes.
//   - UpdateTrigger accepts http triggers (NoHTTPUpdate).
//   - Empty ids take a function out of its VPC (VpcStays).
//   - Members that UpdateFunctionConfiguration leaves out keep their value. An
//     empty list of Variables clears the environment (EmptyEnvironment).
//   - A new environment reaches new instances, which replace the old ones
//     (KeepInstances).
//   - The limit of 4 KB for the environment counts the bytes of all keys and values.
//   - Code without the executable, or without its exec bit, is accepted; each
//     invocation fails.
//   - If a function fails, or its URL is closed, the URL answers with a status that
//     this package chose.
//   - Triggers and reserved quotas change at once, without a state.
//   - A reserved quota must be enough for one instance.
//
// It has no functions of Type HTTP, no versions, aliases, layers or images, and only
// the namespace default. CAM keeps roles and policies but enforces no rights. A
// function without the public network can still reach it; see [Server.Function].
package scffake
