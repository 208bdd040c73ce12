package corpus

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"time"
)

// makeText is a short list in plain text.
func makeText(_ string, variant int) []byte {
	r := newRNG(uint64(variant), 0x7E47)
	var b strings.Builder
	b.WriteString("星河家居 清单\r\n")
	for i := range r.between(4, 9) {
		it := pick(r, items)
		fmt.Fprintf(&b, "%d. %s %s %s\r\n", i+1, it.name, pick(r, it.sizes), pick(r, it.colors))
	}
	return []byte(b.String())
}

// writePDF is a one-page document with a few lines of Latin text.
func writePDF(_ string, variant int) []byte {
	r := newRNG(uint64(variant), 0x9DF)
	var text strings.Builder
	text.WriteString("BT /F1 16 Tf 60 780 Td (XINGHE HOME) Tj /F1 11 Tf")
	for i := range r.between(6, 16) {
		fmt.Fprintf(&text, " 0 -22 Td (%02d  item %04d   qty %d   CNY %d) Tj", i+1, r.intn(10000), r.between(1, 6), r.between(20, 1500)*10)
	}
	text.WriteString(" ET")
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", text.Len(), text.String()),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
	}
	out := bytes.NewBufferString("%PDF-1.4\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := out.Len()
	fmt.Fprintf(out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(out, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return out.Bytes()
}

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	relsHead  = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	officeRel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	typesHead = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>`
	officeXML = "application/vnd.openxmlformats-officedocument."
)

// writeSheet is a price list that a spreadsheet program opens.
func writeSheet(_ string, variant int) []byte {
	r := newRNG(uint64(variant), 0x5EE7)
	var rows strings.Builder
	row := func(n int, cells ...string) {
		fmt.Fprintf(&rows, `<row r="%d">`, n)
		for i, v := range cells {
			fmt.Fprintf(&rows, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+i, n, v)
		}
		rows.WriteString("</row>")
	}
	row(1, "品名", "规格", "材质", "颜色", "金额")
	for i := range r.between(3, 12) {
		it := pick(r, items)
		k := r.intn(len(it.sizes))
		row(i+2, it.name, it.sizes[k], pick(r, it.mats), pick(r, it.colors), fmt.Sprint(it.base+k*it.step))
	}
	return zipped(
		"[Content_Types].xml", typesHead+`<Override PartName="/xl/workbook.xml" ContentType="`+officeXML+`spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="`+officeXML+`spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels", relsHead+`<Relationship Id="rId1" Type="`+officeRel+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", xmlHead+`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="`+officeRel+`"><sheets><sheet name="报价" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", relsHead+`<Relationship Id="rId1" Type="`+officeRel+`/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml", xmlHead+`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`+rows.String()+`</sheetData></worksheet>`,
	)
}

// writeDocument is a short agreement that a word processor opens.
func writeDocument(_ string, variant int) []byte {
	r := newRNG(uint64(variant), 0xD0C)
	var body strings.Builder
	for _, line := range []string{"星河家居 销售合同（示例）", "甲方：购货人　乙方：星河家居", fmt.Sprintf("一、商品：%s", pick(r, items).name), fmt.Sprintf("二、交货期：%d 天", r.between(7, 45)), "三、质保：自安装之日起五年", fmt.Sprintf("四、定金比例：%d%%", r.between(2, 5)*10)} {
		body.WriteString("<w:p><w:r><w:t>" + line + "</w:t></w:r></w:p>")
	}
	return zipped(
		"[Content_Types].xml", typesHead+`<Override PartName="/word/document.xml" ContentType="`+officeXML+`wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels", relsHead+`<Relationship Id="rId1" Type="`+officeRel+`/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml", xmlHead+`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`+body.String()+`</w:body></w:document>`,
	)
}

// makeDrawing has the head of a drawing file and nothing that a program opens.
func makeDrawing(_ string, variant int) []byte {
	r := newRNG(uint64(variant), 0xD36)
	b := []byte("AC1027\x00\x00\x00\x00\x00\x00\x03")
	for range r.between(600, 1800) {
		b = append(b, byte(r.next()))
	}
	return b
}

// writeArchive packs pictures and a list.
func writeArchive(_ string, variant int) []byte {
	return zipped("实拍1.jpg", string(paintJPEG("room", variant)), "实拍2.jpg", string(paintJPEG("product", variant)), "清单.txt", string(makeText("", variant)))
}

// zipped packs name, content, name, content …; always to the same bytes.
func zipped(parts ...string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: parts[i], Method: zip.Deflate, Modified: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			panic(err) // a bytes.Buffer does not fail
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}
