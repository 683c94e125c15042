package scffake_test

import (
	"fmt"
	"net/http"
	"strings"

	"vodevents/shared/scf/scffake"
)

// The stand-in lists the calls that it got, and shows what they made.
func Example() {
	s := scffake.New(scffake.Options{})
	defer s.Close()

	// A call without a signature is refused, as by the real API.
	r, err := http.NewRequest("POST", "https://scf.tencentcloudapi.com/", strings.NewReader(`{"FunctionName":"hello"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("X-TC-Action", "GetFunction")
	r.Header.Set("X-TC-Version", "2018-04-16")
	r.Header.Set("X-TC-Region", "ap-guangzhou")
	a, err := (&http.Client{Transport: s.Transport()}).Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	a.Body.Close()

	for _, c := range s.Calls("") {
		fmt.Println(c.Action, c.Function, c.Code)
	}
	_, found := s.Function("ap-guangzhou", "hello")
	fmt.Println(found)
	// Output:
	// GetFunction hello MissingParameter
	// false
}
