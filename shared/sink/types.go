package sink

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"vodevents/shared/event"
	"vodevents/shared/internal/safeurl"
)

// The parameters that say which events go to a sink. Both are ours: no server
// sees types, and media is one of databases.
const (
	typesParam = "types"
	mediaParam = "media"
)

var errTypesElsewhere = errors.New("types= belongs to an entry of SINK; leave it out here")

// Types returns the EventTypes that an entry of SINK wants, by its parameter
// types. An error says what is wrong with the parameter and shows of the URL
// scheme and host at most.
func Types(rawURL string) (event.Types, error) {
	_, types, err := takeTypes(rawURL)
	return types, err
}

// WithTypes is a URL without parameters, as an entry of SINK that wants these
// EventTypes alone.
func WithTypes(rawURL string, types event.Types) string {
	if types.All() {
		return rawURL
	}
	return rawURL + "?" + typesParam + "=" + types.String()
}

// takeTypes takes the parameter types off a URL. All else stays as it is
// written.
func takeTypes(rawURL string) (rest string, types event.Types, err error) {
	before, fragment, fragmented := strings.Cut(rawURL, "#")
	if fragmented {
		fragment = "#" + fragment
	}
	before, query, _ := strings.Cut(before, "?")
	lists := []string{}
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		name, list, _ := strings.Cut(pair, "=")
		ours := isParam(name, typesParam)
		if ours {
			lists = append(lists, list)
		}
		return ours
	})
	if len(lists) == 0 {
		return rawURL, types, nil
	}
	fail := func(err error) (string, event.Types, error) {
		return "", event.Types{}, fmt.Errorf("%s: types= %w", safeurl.Show(rawURL), err)
	}
	if len(lists) > 1 {
		return fail(errors.New("is given twice; write one list"))
	}
	list, err := url.QueryUnescape(lists[0])
	if err != nil {
		return fail(errors.New("is badly percent-encoded"))
	}
	if types, err = event.ParseTypes(list); err != nil {
		return fail(err)
	}
	if HasTable(rawURL) && slices.ContainsFunc(kept, func(pair string) bool { return isParam(pair, mediaParam) }) {
		return fail(errors.New("cannot stand beside media=: the state of a media is made of all its events"))
	}
	if len(kept) > 0 {
		before += "?" + strings.Join(kept, "&")
	}
	return before + fragment, types, nil
}

// isParam tells whether a NAME or NAME=VALUE of a query is this parameter.
func isParam(pair, param string) bool {
	name, _, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	return err == nil && name == param
}

// withoutTypes refuses a URL that has the parameter.
func withoutTypes(rawURL string) error {
	rest, _, err := takeTypes(rawURL)
	if err == nil && rest != rawURL {
		err = fmt.Errorf("%s: %w", safeurl.Show(rawURL), errTypesElsewhere)
	}
	return err
}
