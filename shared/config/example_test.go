package config_test

import (
	"fmt"

	"vodevents/shared/config"
)

// A variable that is not set has its default.
func ExampleRead() {
	env := map[string]string{
		"VOD_SUB_APP_IDS":   "1490012345, 1490012346",
		"CALLBACK_SIGN_KEY": "k3y",
		"SINK":              "stdout: postgres://vod:pa55@db.example.com/vod?table=vod_events",
	}
	c, err := config.Read(func(name string) string { return env[name] }, config.Both)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.SubAppIds, c.PullRate, c.MaxAttempts)
	// Output:
	// [1490012345 1490012346] 100 5
}

// Each bad variable is one line that says what to do.
func ExampleRead_errors() {
	env := map[string]string{
		"VOD_SUB_APP_IDS": "0",
		"SINK":            "${env:SINK}",
		"VOD_SECRET_KEY":  "undefined",
	}
	_, err := config.Read(func(name string) string { return env[name] }, config.Both)
	fmt.Println(err)
	// Output:
	// VOD_SUB_APP_IDS: "0" is not an application ID; write decimal numbers from 1 to 18446744073709551615, separated by commas
	// VOD_SECRET_KEY: the value is "undefined": the deployment had no value for it; set it, or remove the variable
	// SINK: the value holds "${env:": the deployment did not substitute it; set that variable where you deploy, or remove this one
}
