// Package tencentapi calls the actions of Tencent Cloud's API 3.0, with which VOD,
// SCF and CAM are controlled, and returns their answers byte by byte.
//
// Tencent's SDK signs and sends the requests. It would also parse each answer five
// times, lose parts of it, and quote it in errors, though an answer may hold secrets.
// So this package takes the answer away from the SDK before it is parsed:
//
//	body, err := client.Call(ctx, "PullEvents", params)
//
// The body is {"Response": {…}}. Whether it holds an Error is for the caller to see:
// the API answers errors of its own with status 200.
package tencentapi
