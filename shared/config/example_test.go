package config_test

import (
	"fmt"

	"vodevents/shared/config"
)

// A variable that is not set has its default; what is printed has no secret.
func ExampleRead() {
	env := map[string]string{
		"VOD_SUB_APP_IDS":   "1490012345, 1490012346",
		"CALLBACK_SIGN_KEY": "k3y",
		"SINK":              "stdout: postgres://vod:pa55@db.example.com/vod?table=vod_events",
	}
	c, err := config.Read(func(name string) string { return env[name] })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.SubAppIds, c.PullRate, c.MaxAttempts)
	fmt.Println(c)
	// Output:
	// [1490012345 1490012346] 100 5
	// [sub_app_ids=[1490012345 1490012346] endpoint=https://vod.tencentcloudapi.com region= sign_keys=1 sinks=[stdout: postgres://db.example.com] dead_letter= dedup=memory: pull_until=empty pull_rate=100 pull_concurrency=16 max_attempts=5 listen_addr= log_level=INFO]
}

// Each bad variable is one line that says what to do.
func ExampleRead_errors() {
	env := map[string]string{
		"VOD_SUB_APP_IDS": "0",
		"SINK":            "${env:SINK}",
		"VOD_SECRET_KEY":  "undefined",
	}
	_, err := config.Read(func(name string) string { return env[name] })
	fmt.Println(err)
	// Output:
	// VOD_SUB_APP_IDS: "0" is not an application ID; write decimal numbers from 1 to 18446744073709551615, separated by commas
	// SINK: the value holds "${env:": the deployment did not substitute it; set that variable where you deploy, or remove this one
	// VOD_SECRET_KEY: the value is "undefined": the deployment had no value for it; set it, or remove the variable
}
