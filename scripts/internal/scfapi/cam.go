package scfapi

import (
	"context"
	"net/url"
	"strings"
)

// User is the account behind the keys.
type User struct {
	Uin      string // of the user
	OwnerUin string // of the main account
	AppId    int64
}

// GetUserAppId tells whose keys these are.
func (c *Client) GetUserAppId(ctx context.Context) (u User, err error) {
	err = c.call(ctx, "cam", "GetUserAppId", struct{}{}, &u)
	return u, err
}

// RoleTrust returns who may assume a role, as a policy in JSON. If there is no such
// role, found is false.
func (c *Client) RoleTrust(ctx context.Context, role string) (trust string, found bool, err error) {
	var a struct {
		RoleInfo struct{ PolicyDocument string }
	}
	err = c.call(ctx, "cam", "GetRole", struct{ RoleName string }{role}, &a)
	if Is(err, "InvalidParameter.RoleNotExist") {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return decodePolicy(a.RoleInfo.PolicyDocument), true, nil
}

// decodePolicy takes the URL encoding off, which some answers have.
func decodePolicy(text string) string {
	if strings.HasPrefix(text, "%7B") || strings.HasPrefix(text, "%7b") {
		if plain, err := url.QueryUnescape(text); err == nil {
			return plain
		}
	}
	return text
}

// CreateRole makes a role that trust's principals may assume.
func (c *Client) CreateRole(ctx context.Context, role, trust, description string) error {
	return c.call(ctx, "cam", "CreateRole", struct{ RoleName, PolicyDocument, Description string }{role, trust, description}, nil)
}

// Policy is one policy of the account, or of Tencent's.
type Policy struct {
	PolicyId   int64
	PolicyName string
}

// AttachedPolicies returns the policies of a role.
func (c *Client) AttachedPolicies(ctx context.Context, role string) ([]Policy, error) {
	var all []Policy
	for page := 1; page <= maxPages; page++ {
		var a struct {
			List     []Policy
			TotalNum int
		}
		err := c.call(ctx, "cam", "ListAttachedRolePolicies", struct {
			RoleName string
			Page, Rp int
		}{role, page, 200}, &a)
		if err != nil {
			return nil, err
		}
		all = append(all, a.List...)
		if len(a.List) == 0 || len(all) >= a.TotalNum {
			return all, nil
		}
	}
	return nil, endless("ListAttachedRolePolicies")
}

// FindPolicy returns the id of one of the account's own policies, or 0.
func (c *Client) FindPolicy(ctx context.Context, name string) (int64, error) {
	var a struct{ List []Policy }
	err := c.call(ctx, "cam", "ListPolicies", struct {
		Scope, Keyword string
		Page, Rp       int
	}{"Local", name, 1, 200}, &a)
	for _, p := range a.List {
		if p.PolicyName == name {
			return p.PolicyId, nil
		}
	}
	return 0, err
}

// CreatePolicy makes a policy and returns its id.
func (c *Client) CreatePolicy(ctx context.Context, name, document, description string) (int64, error) {
	var a struct{ PolicyId int64 }
	err := c.call(ctx, "cam", "CreatePolicy", struct{ PolicyName, PolicyDocument, Description string }{name, document, description}, &a)
	return a.PolicyId, err
}

// PolicyDocument returns the text of a policy.
func (c *Client) PolicyDocument(ctx context.Context, id int64) (string, error) {
	var a struct{ PolicyDocument string }
	err := c.call(ctx, "cam", "GetPolicy", struct{ PolicyId int64 }{id}, &a)
	return decodePolicy(a.PolicyDocument), err
}

// AttachRolePolicy gives a role the rights of a policy.
func (c *Client) AttachRolePolicy(ctx context.Context, role string, policy int64) error {
	return c.call(ctx, "cam", "AttachRolePolicy", struct {
		PolicyId       int64
		AttachRoleName string
	}{policy, role}, nil)
}
