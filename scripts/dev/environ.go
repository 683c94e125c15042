package main

import (
	"slices"
	"strings"

	"vodevents/shared/config"
	"vodevents/shared/vod"
)

// environ is a process's environment, as os.Environ gives it.
type environ []string

func (e environ) get(name string) string {
	for _, v := range slices.Backward(e) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// forFunctions is the environment in which the functions are started: the
// user's, without what would have them run in another way or with other keys.
// SINK and CALLBACK_SIGN_KEY are given with each event, as SCF gives all.
func (e environ) forFunctions(endpoint string, keys vod.Credentials) environ {
	out := slices.DeleteFunc(slices.Clone(e), func(v string) bool {
		return strings.HasPrefix(v, "TENCENTCLOUD_") || strings.HasPrefix(v, "LISTEN_ADDR=")
	})
	if endpoint != "" {
		out = append(out, "VOD_ENDPOINT="+endpoint)
	}
	if e.get("LOG_LEVEL") == "" {
		out = append(out, "LOG_LEVEL=debug") // the page shows what they log of each event
	}
	return append(out, "VOD_SECRET_ID="+keys.SecretId, "VOD_SECRET_KEY="+keys.SecretKey, "VOD_TOKEN="+keys.Token)
}

// sink is the functions' SINK: what the user set, and in front of it stdout:,
// by which dev sees the events.
func (e environ) sink() string {
	urls := strings.Fields(e.get("SINK"))
	if !slices.Contains(urls, "stdout:") {
		urls = slices.Insert(urls, 0, "stdout:")
	}
	return strings.Join(urls, " ")
}

// signKeys are those of CALLBACK_SIGN_KEY.
func (e environ) signKeys() []string {
	return strings.FieldsFunc(e.get("CALLBACK_SIGN_KEY"), func(r rune) bool { return r == ',' || r == ' ' })
}

// variable is one of the functions' environment, for show.
type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// show lists the functions' variables that are set, without secrets.
func (e environ) show() []variable {
	list := []variable{}
	for _, v := range config.Variables {
		if value := e.get(v.Name); value != "" && v.Place == config.Anywhere {
			list = append(list, variable{v.Name, v.Show(value)})
		}
	}
	return list
}
