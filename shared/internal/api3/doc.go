// Package api3 is Tencent's API 3.0 as a server sees it: signatures, requests,
// limits and answers (266/31756, 1130/46710). The stand-ins of VOD and of SCF
// share it.
package api3
