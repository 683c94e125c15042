// Package endpoint reads the address of an API.
package endpoint

import (
	"errors"
	"fmt"
	"strings"

	"vodevents/shared/internal/safeurl"
)

// Default is the VOD API's address in mainland China, which serves international
// accounts as well; their own pages print vod.intl.tencentcloudapi.com since
// about 2025-10 (266/34184).
const Default = "https://vod.tencentcloudapi.com"

// isSent tells whether net/http sends a host as it stands. It takes an empty port off,
// and leaves out or respells what is neither a name nor an IP address.
func isSent(host string) bool {
	return strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]") == "" && !strings.HasSuffix(host, ":")
}

// Parse splits an address into its scheme, http or https, and its host with or
// without a port. Without a scheme it is https. The host is in lower case: that is
// what the API computes signatures over (266/31756), and the SDK signs what it is
// given. An error shows at most scheme and host.
func Parse(address string) (scheme, host string, err error) {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := safeurl.Parse(address)
	shown := strings.TrimSuffix(safeurl.Show(address), ":")
	switch {
	case err != nil || u.Hostname() == "":
		return "", "", errors.New("not an address; write a host, https://HOST or http://HOST:PORT")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", "", fmt.Errorf("%s: the scheme must be https or http", shown)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", "", fmt.Errorf("%s: only scheme, host and port may stand here; keys have variables of their own", shown)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7F }):
		// A signature is over the host as it is sent, and HTTP sends ASCII.
		return "", "", errors.New("the host may have ASCII characters only; write an international name as it is in DNS, such as xn--HOST")
	case !isSent(u.Host):
		return "", "", fmt.Errorf("%s: the host is neither a name nor an IP address, or nothing follows its colon", shown)
	}
	return u.Scheme, strings.ToLower(u.Host), nil
}
