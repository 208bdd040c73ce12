package wecomsim

import (
	"encoding/json"
	"regexp"
)

// templateCard is the part of a template_card that WeCom checks and the phone
// shows.
type templateCard struct {
	CardType   string           `json:"card_type"`
	TaskID     string           `json:"task_id,omitempty"`
	Source     *cardSource      `json:"source,omitempty"`
	ActionMenu *cardMenu        `json:"action_menu,omitempty"`
	MainTitle  cardTitle        `json:"main_title"`
	Emphasis   *cardTitle       `json:"emphasis_content,omitempty"`
	SubTitle   string           `json:"sub_title_text,omitempty"`
	Rows       []cardRow        `json:"horizontal_content_list,omitempty"`
	Jumps      []cardJump       `json:"jump_list,omitempty"`
	Action     *cardAction      `json:"card_action,omitempty"`
	Buttons    []cardButton     `json:"button_list,omitempty"`
	Selection  *cardSelection   `json:"button_selection,omitempty"`
	Quote      *json.RawMessage `json:"quote_area,omitempty"`
}

type cardSource struct {
	IconURL string `json:"icon_url,omitempty"`
	Desc    string `json:"desc"`
	Color   int    `json:"desc_color"`
}

type cardMenu struct {
	Desc    string `json:"desc"`
	Actions []struct {
		Text string `json:"text"`
		Key  string `json:"key"`
	} `json:"action_list"`
}

type cardTitle struct {
	Title string `json:"title"`
	Desc  string `json:"desc"`
}

type cardRow struct {
	Key    string `json:"keyname"`
	Value  string `json:"value"`
	Type   int    `json:"type"` // 0 text, 1 url, 2 file, 3 member
	URL    string `json:"url,omitempty"`
	UserID string `json:"userid,omitempty"`
}

type cardJump struct {
	Type  int    `json:"type"` // 0 none, 1 url, 2 mini program
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
}

type cardAction struct {
	Type int    `json:"type"` // 1 url, 2 mini program
	URL  string `json:"url,omitempty"`
}

type cardButton struct {
	Type  int    `json:"type"` // 0 callback, 1 url
	Text  string `json:"text"`
	Style int    `json:"style"`
	Key   string `json:"key,omitempty"`
	URL   string `json:"url,omitempty"`
}

type cardSelection struct {
	Key     string `json:"question_key"`
	Title   string `json:"title"`
	Options []struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	} `json:"option_list"`
	Selected string `json:"selected_id,omitempty"`
}

var taskID = regexp.MustCompile(`^[A-Za-z0-9_@-]{1,128}$`)

func (s *Sim) templateContent(part json.RawMessage) (any, *apiError) {
	var t templateCard
	if json.Unmarshal(part, &t) != nil {
		return nil, badParam("template_card")
	}
	if err := s.checkCard(t); err != nil {
		return nil, err
	}
	if t.TaskID != "" && !s.phones.takeTask(t.TaskID) {
		return nil, &apiError{42014, "task_id has been used"}
	}
	t.cut()
	return t, nil
}

func (s *Sim) checkCard(t templateCard) *apiError {
	if err := checkCardLists(t); err != nil {
		return err
	}
	if t.TaskID != "" && !taskID.MatchString(t.TaskID) {
		return &apiError{42014, "invalid task_id"}
	}
	switch t.CardType {
	case "text_notice":
		return checkNotice(t)
	case "button_interaction":
		return s.checkInteraction(t)
	default:
		return &apiError{42031, "invalid card_type"}
	}
}

func checkNotice(t templateCard) *apiError {
	switch {
	case t.MainTitle.Title == "" && t.SubTitle == "":
		return &apiError{42033, "main_title.title and sub_title_text are empty"}
	case t.Action == nil || (t.Action.Type == 1 && t.Action.URL == ""):
		return &apiError{42028, "card_action.url is empty"}
	case t.ActionMenu != nil && t.TaskID == "":
		return &apiError{42014, "task_id is empty"}
	}
	return nil
}

func (s *Sim) checkInteraction(t templateCard) *apiError {
	switch {
	case s.cfg.AppCallback.URL == "":
		return &apiError{43012, "app has no callback url"}
	case t.TaskID == "":
		return &apiError{42014, "task_id is empty"}
	case t.MainTitle.Title == "":
		return &apiError{42033, "main_title.title is empty"}
	case len(t.Buttons) == 0:
		return &apiError{42035, "button_list is empty"}
	case t.Selection != nil && t.Selection.Key == "":
		return &apiError{42043, "button_selection.question_key is empty"}
	}
	return nil
}

func checkCardLists(t templateCard) *apiError {
	const rows, jumps, buttons, options = 6, 3, 6, 10
	if len(t.Rows) > rows || len(t.Jumps) > jumps || len(t.Buttons) > buttons ||
		(t.Selection != nil && len(t.Selection.Options) > options) {
		return &apiError{42035, "a list of the card is too long"}
	}
	for _, r := range t.Rows {
		if r.Key == "" {
			return &apiError{42027, "horizontal_content_list.keyname is empty"}
		}
		if r.Type == 1 && r.URL == "" {
			return &apiError{42028, "horizontal_content_list.url is empty"}
		}
	}
	for _, b := range t.Buttons {
		if b.Text == "" {
			return &apiError{42038, "button_list.text is empty"}
		}
		if b.Type == 0 && b.Key == "" {
			return &apiError{42039, "button_list.key is empty"}
		}
	}
	return nil
}

// cut shortens every text to WeCom's length.
func (t *templateCard) cut() {
	t.MainTitle = cardTitle{cutRunes(t.MainTitle.Title, 36), cutRunes(t.MainTitle.Desc, 44)}
	t.SubTitle = cutRunes(t.SubTitle, 160)
	if t.Emphasis != nil {
		t.Emphasis = &cardTitle{cutRunes(t.Emphasis.Title, 14), cutRunes(t.Emphasis.Desc, 22)}
	}
	for i := range t.Rows {
		t.Rows[i].Key, t.Rows[i].Value = cutRunes(t.Rows[i].Key, 5), cutRunes(t.Rows[i].Value, 30)
	}
	for i := range t.Buttons {
		t.Buttons[i].Text = cutRunes(t.Buttons[i].Text, 10)
	}
}
