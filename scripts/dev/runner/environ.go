package runner

import (
	"slices"
	"strings"

	"vodevents/shared/config"
	"vodevents/shared/vod"
)

// Environ is a process's environment, as os.Environ gives it.
type Environ []string

// Get is the value of a variable; the last one counts.
func (e Environ) Get(name string) string {
	for _, v := range slices.Backward(e) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// ForFunctions is the environment in which the functions are started: the
// user's, without what would have them run in another way or with other keys.
// SINK and CALLBACK_SIGN_KEY are given with each event, as SCF gives all.
func (e Environ) ForFunctions(endpoint string, keys vod.Credentials) Environ {
	out := slices.DeleteFunc(slices.Clone(e), func(v string) bool {
		return strings.HasPrefix(v, "TENCENTCLOUD_") || strings.HasPrefix(v, "LISTEN_ADDR=")
	})
	if endpoint != "" {
		out = append(out, "VOD_ENDPOINT="+endpoint)
	}
	if e.Get("LOG_LEVEL") == "" {
		out = append(out, "LOG_LEVEL=debug") // the page shows what they log of each event
	}
	return append(out, "VOD_SECRET_ID="+keys.SecretId, "VOD_SECRET_KEY="+keys.SecretKey, "VOD_TOKEN="+keys.Token)
}

// Sink is the functions' SINK: what the user set, and in front of it stdout:,
// by which dev sees the events.
func (e Environ) Sink() string {
	urls := strings.Fields(e.Get("SINK"))
	if !slices.Contains(urls, "stdout:") {
		urls = slices.Insert(urls, 0, "stdout:")
	}
	return strings.Join(urls, " ")
}

// SignKeys are those of CALLBACK_SIGN_KEY.
func (e Environ) SignKeys() []string {
	return strings.FieldsFunc(e.Get("CALLBACK_SIGN_KEY"), func(r rune) bool { return r == ',' || r == ' ' })
}

// Variable is one of the functions' environment, for show.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Show lists the functions' variables that are set, without secrets.
func (e Environ) Show() []Variable {
	list := []Variable{}
	for _, v := range config.Variables {
		if value := e.Get(v.Name); value != "" && v.Place == config.Anywhere {
			list = append(list, Variable{v.Name, v.Show(value)})
		}
	}
	return list
}
