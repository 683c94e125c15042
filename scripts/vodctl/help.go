package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const introduction = `vodctl looks at, sets up and tests the event notification of Tencent Cloud VOD.

  vodctl COMMAND [FLAG…] [ARGUMENT…]

Commands:
`

const general = `
It finds VOD, and signs its calls, as the functions do: by VOD_ENDPOINT,
VOD_SUB_APP_IDS and VOD_REGION, and by VOD_SECRET_ID and VOD_SECRET_KEY (with
VOD_TOKEN if they are temporary), TENCENTCLOUD_SECRET_ID and
TENCENTCLOUD_SECRET_KEY, or the file ~/.tencentcloud/credentials. A command
works on every application of VOD_SUB_APP_IDS unless it says otherwise.

All of it works with the local stand-in, go run ./scripts/dev, which needs no
keys:

  vodctl config -endpoint http://127.0.0.1:8081

Output goes to stdout, everything else to stderr. Keys are never shown. In a URL
the user, the password and the values of the query are masked. Control
characters in what came from outside are shown as _, and in JSON escaped.

Exit status:
  0  all went well; doctor: no problem was found
  1  it failed; doctor: a problem was found; config set: you said no
  2  the command line was wrong, and nothing was done
  3  only a part was done: stderr says what was not

"go run ./scripts/vodctl" turns every status but 0 into 1. If you need the
status, build it first: go build ./scripts/vodctl

Flags of every command that calls VOD:
`

// overview prints what vodctl shows if no command is given.
func (p *program) overview(w io.Writer) {
	fmt.Fprint(w, introduction)
	for _, c := range commands {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.about)
	}
	fmt.Fprintf(w, "  %-12s %s\n", "help", "print the manual, or the page of the command that is named")
}

// manual prints the pages of all commands.
func (p *program) manual(w io.Writer) {
	p.overview(w)
	fmt.Fprint(w, general)
	printFlags(w, connectFlagSet())
	for i := range commands {
		fmt.Fprint(w, "\n", strings.Repeat("-", 80), "\n")
		commands[i].manual(w)
	}
}

// help prints the manual or the page of one command.
func (p *program) help(args []string) error {
	if len(args) == 0 {
		p.manual(p.stdout)
		return nil
	}
	c, rest := findCommand(args)
	if c == nil || len(rest) > 0 {
		return misuse("there is no command %q", strings.Join(args, " "))
	}
	c.manual(p.stdout)
	return nil
}

// connectFlagSet returns the flags that every command has that calls VOD.
func connectFlagSet() *flag.FlagSet {
	fs := newFlags("")
	new(program).connectFlags(fs)
	return fs
}

// manual prints the command's page.
func (c *command) manual(w io.Writer) {
	fmt.Fprintf(w, "vodctl %s %s\n%s.\n\n", c.name, c.usage, strings.ToUpper(c.about[:1])+c.about[1:])
	for paragraph := range strings.SplitSeq(strings.TrimSpace(c.text), "\n\n") {
		if !strings.HasPrefix(paragraph, "  ") { // not an example
			paragraph = wrap(paragraph, "", 80)
		}
		fmt.Fprintf(w, "%s\n\n", paragraph)
	}
	own, everywhere := newFlags(""), connectFlagSet()
	all := newFlags("")
	c.prepare(&program{}, all)
	calls := false
	all.VisitAll(func(f *flag.Flag) {
		if everywhere.Lookup(f.Name) != nil {
			calls = true
			return
		}
		own.Var(f.Value, f.Name, f.Usage)
	})
	fmt.Fprintln(w, "Flags:")
	printFlags(w, own)
	if calls {
		fmt.Fprintln(w, "  and -endpoint, -region, -sub-app-id; see vodctl help")
	}
}

func printFlags(w io.Writer, fs *flag.FlagSet) {
	fs.VisitAll(func(f *flag.Flag) {
		arg, usage := flag.UnquoteUsage(f)
		if arg != "" {
			arg = " " + arg
		}
		switch f.DefValue {
		case "", "0", "false":
		default:
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  -%s%s\n%s\n", f.Name, arg, wrap(usage, "      ", 80))
	})
}

// wrap breaks text into lines of at most width characters, each indented.
func wrap(text, indent string, width int) string {
	var lines []string
	line := indent
	for word := range strings.FieldsSeq(text) {
		if line != indent && utf8.RuneCountInString(line+" "+word) > width {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
