package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"vodevents/shared/sink/servertest"
)

// pgbouncerINI is its configuration: the server's port, its own, and its folder.
const pgbouncerINI = `[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
auth_user = postgres
pool_mode = transaction
default_pool_size = 4
server_login_retry = 0
`

// RunPgBouncer starts a PgBouncer in transaction mode before a server. Its URL is
// for a client that keeps no prepared statements. The caller must Close it.
func RunPgBouncer(server *Server) (*Server, error) {
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		bin = "/usr/sbin/pgbouncer" // which is not on everybody's PATH
	}
	if !isFile(bin) {
		return nil, fmt.Errorf("pgtest: %w: install PgBouncer (Debian: apt-get install pgbouncer)", servertest.ErrMissing)
	}
	write := func(s *Server, name, text string) (string, error) {
		path := filepath.Join(s.Dir, name)
		return path, os.WriteFile(path, []byte(text), 0o644)
	}
	return servertest.Program{
		Name: "pgbouncer", User: "postgres",
		Make: func(s *Server) error {
			_, err := write(s, "users", `"postgres" ""`+"\n") // asks the server for the others
			return err
		},
		Command: func(s *Server) *exec.Cmd {
			ini, err := write(s, "pgbouncer.ini", fmt.Sprintf(pgbouncerINI, server.Port, s.Port, filepath.Join(s.Dir, "users")))
			cmd := s.As(exec.Command(bin, ini))
			cmd.Err = err
			return cmd
		},
		Ready: "process up",
		URL: func(port int) string {
			return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable&default_query_exec_mode=exec", port)
		},
		Stop: syscall.SIGTERM, Kill: syscall.SIGKILL,
	}.Run()
}
