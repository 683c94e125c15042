package mysql

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"vodevents/shared/internal/safeurl"
	"vodevents/shared/sink/internal/sqltable"
)

// The parameters of a URL that are not in every SQL database's. Others are
// refused: to the driver, some open the client's files to the server or send a
// password in the clear, and a misspelt one is a session variable.
const (
	tlsParam     = "tls"
	caParam      = "tls_ca"
	timeoutParam = "timeout"
	idleParam    = "wait_timeout"
)

// modes are what tls can be.
var modes = []string{"false", "preferred", "true", "verify-ca", "skip-verify"}

// connectTimeout is the default of timeout.
const connectTimeout = 10 * time.Second

// lockWait is how long a statement waits for a row, in seconds. It goes on at
// the server when its caller has given it up, for 50 s by default.
const lockWait = "10"

// sqlMode refuses what does not fit into a column, instead of cutting it.
const sqlMode = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"

// parseURL reads a URL; see [sqltable.ParseURL].
func parseURL(u *url.URL, param, byDefault string) (*dialer, sqltable.Address, error) {
	a, err := sqltable.ParseURL(u, param, byDefault)
	if err != nil {
		return nil, a, err
	}
	config, err := configure(u, a.Query)
	if err != nil {
		return nil, a, a.Error(err)
	}
	query := strings.Split(a.Client().RawQuery, "&")
	slices.Sort(query)
	key := strings.Join(append([]string{config.Addr, config.User, config.Passwd, config.DBName}, query...), "\x00")
	return &dialer{config: config, key: key}, a, nil
}

func configure(u *url.URL, query url.Values) (*mysql.Config, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", net.JoinHostPort(u.Hostname(), "3306")
	if u.Port() != "" {
		config.Addr = net.JoinHostPort(u.Hostname(), u.Port())
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.DBName = strings.TrimPrefix(u.Path, "/")
	switch {
	case u.Hostname() == "":
		return nil, safeurl.ErrNotURL
	case config.DBName == "" || strings.Contains(config.DBName, "/"):
		return nil, errors.New("the database is missing: write mysql://user:password@host:3306/database")
	}
	config.ConnectionAttributes = "program_name:vodevents"
	config.InterpolateParams = true // else each statement is prepared and closed: three round trips
	config.MultiStatements = true   // [startTransaction]; the driver escapes all values
	config.ParseTime, config.Loc = true, time.UTC
	config.Logger = &mysql.NopLogger{} // what it would write to standard error is in the errors
	config.Timeout = connectTimeout
	config.MaxAllowedPacket = 0 // ask the server: what is longer it answers by breaking the connection, as if it were down
	config.Params = map[string]string{
		"wait_timeout":             strconv.Itoa(int(sqltable.IdleSession.Seconds())),
		"innodb_lock_wait_timeout": lockWait,
		"sql_mode":                 sqlMode,
	}
	return config, set(config, query, u.Hostname())
}

// set has the configuration do what the parameters of a URL say.
func set(config *mysql.Config, query url.Values, host string) error {
	for name := range query {
		switch name {
		case sqltable.TableParam, sqltable.MediaParam, sqltable.DedupTableParam, sqltable.ConnsParam, tlsParam, caParam:
		case timeoutParam:
			d, err := time.ParseDuration(query.Get(name))
			if err != nil || d <= 0 {
				return fmt.Errorf("%s must be a time such as 10s", name)
			}
			config.Timeout = d
		case idleParam:
			seconds, err := strconv.Atoi(query.Get(name))
			if err != nil || seconds < 1 {
				return fmt.Errorf("%s must be a number of seconds", name)
			}
			config.Params[name] = strconv.Itoa(seconds)
		default:
			// Its name may be a part of a password with an & or a ? in it.
			return fmt.Errorf("has a parameter other than %s, %s, %s, %s, %s, %s and %s", sqltable.TableParam,
				sqltable.DedupTableParam, sqltable.ConnsParam, tlsParam, caParam, timeoutParam, idleParam)
		}
	}
	return setTLS(config, query, host)
}

func setTLS(config *mysql.Config, query url.Values, host string) error {
	mode := "false"
	if query.Has(tlsParam) {
		mode = query.Get(tlsParam)
	}
	if !slices.Contains(modes, mode) {
		return fmt.Errorf("%s must be one of %s", tlsParam, strings.Join(modes, ", "))
	}
	var ca []byte
	if path := query.Get(caParam); path != "" {
		if mode != "true" && mode != "verify-ca" {
			return fmt.Errorf("%s needs %s=true or %s=verify-ca", caParam, tlsParam, tlsParam)
		}
		var err error
		if ca, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("%s: %w", caParam, err)
		}
	}
	switch mode {
	case "false", "preferred":
		config.TLSConfig = mode
		return nil
	}
	var err error
	config.TLS, err = secure(mode, host, ca)
	return err
}
