// Bare is a function with scf-go-lib and nothing else, to compare with.
package main

import (
	"context"
	"encoding/json"

	"github.com/tencentyun/scf-go-lib/cloudfunction"
)

func main() {
	cloudfunction.Start(func(context.Context, json.RawMessage) (string, error) { return "ok", nil })
}
