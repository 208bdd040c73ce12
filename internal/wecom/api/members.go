package api

import (
	"context"
	"net/url"
	"strconv"

	"huicun/internal/directory"
	"huicun/internal/personid"
)

// Departments gives all departments that the app can see.
// Source: developer.work.weixin.qq.com/document/path/90208.
func (c *Client) Departments(ctx context.Context) ([]directory.Department, error) {
	const op = "department/list"
	var answer struct {
		Department rows[wireDepartment] `json:"department"`
	}
	if err := c.call(ctx, request{op: op, secret: secretApp}, &answer); err != nil {
		return nil, err
	}
	if answer.Department.bad > 0 { // half a tree would hide people from their managers
		return nil, &Error{Op: op, Class: ClassRefused, Message: "the answer has unreadable departments"}
	}
	out := make([]directory.Department, 0, len(answer.Department.items))
	for _, d := range answer.Department.items {
		out = append(out, directory.Department{ID: int64(d.ID), ParentID: int64(d.ParentID), Name: string(d.Name), Order: int64(d.Order)})
	}
	return out, nil
}

type wireDepartment struct {
	ID       num  `json:"id"`
	Name     text `json:"name"`
	ParentID num  `json:"parentid"`
	Order    num  `json:"order"`
}

// Members gives the direct members of a department.
// Source: developer.work.weixin.qq.com/document/path/90201.
func (c *Client) Members(ctx context.Context, departmentID int64) (directory.Batch[directory.Employee], error) {
	var answer struct {
		UserList rows[wireUser] `json:"userlist"`
	}
	query := url.Values{"department_id": {strconv.FormatInt(departmentID, 10)}}
	if err := c.call(ctx, request{op: "user/list", secret: secretApp, query: query}, &answer); err != nil {
		return directory.Batch[directory.Employee]{}, err
	}
	out := directory.Batch[directory.Employee]{Bad: answer.UserList.bad}
	for _, u := range answer.UserList.items {
		if u.UserID == "" {
			out.Bad++
			continue
		}
		out.Items = append(out.Items, u.employee())
	}
	return out, nil
}

// Employee gives one member. ClassObject: the userid is unknown, or out of the
// app's visible range.
// Source: developer.work.weixin.qq.com/document/path/90196.
func (c *Client) Employee(ctx context.Context, userid string) (directory.Employee, error) {
	const op = "user/get"
	var u wireUser
	if err := c.call(ctx, request{op: op, secret: secretApp, query: url.Values{"userid": {userid}}}, &u); err != nil {
		return directory.Employee{}, err
	}
	if u.UserID == "" {
		return directory.Employee{}, &Error{Op: op, Class: ClassObject, Message: "the answer has no userid"}
	}
	return u.employee(), nil
}

// wireUser is a member as user/list and user/get give it.
type wireUser struct {
	UserID         text      `json:"userid"`
	Name           text      `json:"name"`
	Alias          text      `json:"alias"`
	Position       text      `json:"position"`
	Avatar         text      `json:"avatar"`
	ThumbAvatar    text      `json:"thumb_avatar"`
	Status         num       `json:"status"`
	MainDepartment num       `json:"main_department"`
	Department     rows[num] `json:"department"`
	IsLeaderInDept rows[num] `json:"is_leader_in_dept"` // same index as Department
}

func (u wireUser) employee() directory.Employee {
	e := directory.Employee{
		Person:         personid.Key(string(u.UserID)),
		UserID:         string(u.UserID),
		Name:           string(u.Name),
		Alias:          string(u.Alias),
		Position:       string(u.Position),
		Avatar:         string(u.Avatar),
		MainDepartment: int64(u.MainDepartment),
		Status:         int(u.Status),
	}
	if e.Name == "" { // withheld from some apps
		e.Name = e.UserID
	}
	if e.Avatar == "" {
		e.Avatar = string(u.ThumbAvatar)
	}
	if e.Status == 0 { // user/list of some corps leaves it out
		e.Status = directory.StatusActive
	}
	for i, id := range u.Department.items {
		leader := i < len(u.IsLeaderInDept.items) && u.IsLeaderInDept.items[i] == 1
		e.Departments = append(e.Departments, directory.Membership{DepartmentID: int64(id), Leader: leader})
	}
	return e
}

// MemberIDs gives the userids of all members of the corp, whatever the app's
// visible range. It needs the contact secret (通讯录同步).
// Source: developer.work.weixin.qq.com/document/path/96067.
func (c *Client) MemberIDs(ctx context.Context) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	err := c.pages(ctx, "user/list_id", func(cursor string) (string, error) {
		var answer struct {
			NextCursor text `json:"next_cursor"`
			DeptUser   rows[struct {
				UserID text `json:"userid"`
			}] `json:"dept_user"`
		}
		body := map[string]any{"cursor": cursor, "limit": 10000}
		if err := c.call(ctx, request{op: "user/list_id", secret: secretContact, body: body}, &answer); err != nil {
			return "", err
		}
		for _, row := range answer.DeptUser.items { // one row for each department of a member
			id := string(row.UserID)
			if id != "" && !seen[personid.Key(id)] {
				seen[personid.Key(id)] = true
				out = append(out, id)
			}
		}
		return string(answer.NextCursor), nil
	})
	return out, err
}

// maxPages bounds a list; WeCom's longest (20,000 customers of each of 100
// employees by 100) has 20,000 pages.
const maxPages = 50_000

// pages calls next with the cursor that it gave last until that is empty. A
// page may be empty while more follow.
func (c *Client) pages(ctx context.Context, op string, next func(cursor string) (string, error)) error {
	cursor := ""
	for range maxPages {
		following, err := next(cursor)
		if err != nil || following == "" {
			return err
		}
		if following == cursor {
			return &Error{Op: op, Class: ClassRefused, Message: "the cursor does not advance"}
		}
		if err := ctx.Err(); err != nil {
			return c.failed(request{op: op}, err)
		}
		cursor = following
	}
	return &Error{Op: op, Class: ClassRefused, Message: "the list does not end"}
}
