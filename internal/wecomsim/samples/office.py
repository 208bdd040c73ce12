"""office.py DIR writes contract.docx, prices.xlsx, proposal.pptx and pack.zip, to the same bytes each time.

They hold no more than the formats ask for, so that they stay small; word processors open them."""
import os
import sys
import zipfile

out = sys.argv[1]
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
REL = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
CT = 'application/vnd.openxmlformats-officedocument.'


def pack(name, parts):
    with zipfile.ZipFile(os.path.join(out, name), 'w', zipfile.ZIP_DEFLATED) as z:
        for path, content in parts:
            info = zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, content)


def types(overrides):
    rows = ''.join(f'<Override PartName="{part}" ContentType="{CT}{kind}+xml"/>' for part, kind in overrides)
    return HEAD + ('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                   '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                   '<Default Extension="xml" ContentType="application/xml"/>' + rows + '</Types>')


def rels(*rows):
    return HEAD + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' + ''.join(
        f'<Relationship Id="rId{i + 1}" Type="{REL}/{kind}" Target="{target}"/>' for i, (kind, target) in enumerate(rows)) + '</Relationships>'


lines = ['星河家居 销售合同（示例）', '甲方：购货人　　乙方：星河家居', '一、商品：橡木餐桌 1.8 米，原木色，一张', '二、金额：人民币肆仟陆佰捌拾元整（¥4680）',
         '三、交货期：自定金到账之日起 25 天', '四、质保：自安装之日起五年', '五、本合同一式两份，双方各执一份。']
pack('contract.docx', [
    ('[Content_Types].xml', types([('/word/document.xml', 'wordprocessingml.document.main')])),
    ('_rels/.rels', rels(('officeDocument', 'word/document.xml'))),
    ('word/document.xml', HEAD + '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>' +
     ''.join(f'<w:p><w:r><w:t>{line}</w:t></w:r></w:p>' for line in lines) + '</w:body></w:document>'),
])

table = [['品名', '规格', '颜色', '单价'], ['橡木餐桌', '1.8米', '原木色', 4680], ['餐椅', '六把装', '胡桃色', 2460], ['餐边柜', '1.5米', '烟熏色', 2830], ['布艺沙发', '2.8米', '浅灰色', 5880]]


def cell(r, c, v):
    at = f'{chr(65 + c)}{r + 1}'
    return f'<c r="{at}"><v>{v}</v></c>' if isinstance(v, int) else f'<c r="{at}" t="inlineStr"><is><t>{v}</t></is></c>'


rows = ''.join(f'<row r="{r + 1}">' + ''.join(cell(r, c, v) for c, v in enumerate(row)) + '</row>' for r, row in enumerate(table))
pack('prices.xlsx', [
    ('[Content_Types].xml', types([('/xl/workbook.xml', 'spreadsheetml.sheet.main'), ('/xl/worksheets/sheet1.xml', 'spreadsheetml.worksheet')])),
    ('_rels/.rels', rels(('officeDocument', 'xl/workbook.xml'))),
    ('xl/workbook.xml', HEAD + f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{REL}"><sheets><sheet name="报价" sheetId="1" r:id="rId1"/></sheets></workbook>'),
    ('xl/_rels/workbook.xml.rels', rels(('worksheet', 'worksheets/sheet1.xml'))),
    ('xl/worksheets/sheet1.xml', HEAD + f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'),
])

NS = f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{REL}" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
GROUP = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'


def slide(title, text):
    def box(i, name, y, height, size, words):
        return (f'<p:sp><p:nvSpPr><p:cNvPr id="{i}" name="{name}"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="700000" y="{y}"/><a:ext cx="7700000" cy="{height}"/></a:xfrm>'
                f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody><a:bodyPr/><a:p><a:r><a:rPr lang="zh-CN" sz="{size}"/><a:t>{words}</a:t></a:r></a:p></p:txBody></p:sp>')
    return HEAD + f'<p:sld {NS}><p:cSld><p:spTree>{GROUP}' + box(2, 'Title', 600000, 900000, 3600, title) + box(3, 'Text', 1900000, 2500000, 2000, text) + '</p:spTree></p:cSld></p:sld>'


fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
theme = (HEAD + '<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="x"><a:themeElements><a:clrScheme name="x">' +
         ''.join(f'<a:{n}><a:srgbClr val="{v}"/></a:{n}>' for n, v in [('dk1', '000000'), ('lt1', 'FFFFFF'), ('dk2', '44546A'), ('lt2', 'E7E6E6'), ('accent1', '2F6F4F'), ('accent2', 'ED7D31'),
                 ('accent3', 'A5A5A5'), ('accent4', 'FFC000'), ('accent5', '5B9BD5'), ('accent6', '70AD47'), ('hlink', '0563C1'), ('folHlink', '954F72')]) +
         '</a:clrScheme><a:fontScheme name="x">' + ''.join(f'<a:{n}><a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/></a:{n}>' for n in ('majorFont', 'minorFont')) +
         '</a:fontScheme><a:fmtScheme name="x"><a:fillStyleLst>' + fill * 3 + '</a:fillStyleLst><a:lnStyleLst>' + f'<a:ln w="9525">{fill}</a:ln>' * 3 +
         '</a:lnStyleLst><a:effectStyleLst>' + '<a:effectStyle><a:effectLst/></a:effectStyle>' * 3 + '</a:effectStyleLst><a:bgFillStyleLst>' + fill * 3 +
         '</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>')
empty = f'<p:cSld><p:spTree>{GROUP}</p:spTree></p:cSld>'
slides = [slide('星河家居 全屋方案', '客厅 · 餐厅 · 主卧（示例）'), slide('材料与报价', '橡木餐桌 4680 元，餐边柜 2830 元')]
pack('proposal.pptx', [
    ('[Content_Types].xml', types([('/ppt/presentation.xml', 'presentationml.presentation.main'), ('/ppt/slideMasters/slideMaster1.xml', 'presentationml.slideMaster'),
                                   ('/ppt/slideLayouts/slideLayout1.xml', 'presentationml.slideLayout'), ('/ppt/theme/theme1.xml', 'theme')] +
                                  [(f'/ppt/slides/slide{i + 1}.xml', 'presentationml.slide') for i in range(len(slides))])),
    ('_rels/.rels', rels(('officeDocument', 'ppt/presentation.xml'))),
    ('ppt/presentation.xml', HEAD + f'<p:presentation {NS}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId3"/></p:sldIdLst><p:sldSz cx="9144000" cy="5143500"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>'),
    ('ppt/_rels/presentation.xml.rels', rels(('slideMaster', 'slideMasters/slideMaster1.xml'), ('slide', 'slides/slide1.xml'), ('slide', 'slides/slide2.xml'))),
    ('ppt/slideMasters/slideMaster1.xml', HEAD + f'<p:sldMaster {NS}>{empty}<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/><p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst></p:sldMaster>'),
    ('ppt/slideMasters/_rels/slideMaster1.xml.rels', rels(('slideLayout', '../slideLayouts/slideLayout1.xml'), ('theme', '../theme/theme1.xml'))),
    ('ppt/slideLayouts/slideLayout1.xml', HEAD + f'<p:sldLayout {NS} type="blank">{empty}</p:sldLayout>'),
    ('ppt/slideLayouts/_rels/slideLayout1.xml.rels', rels(('slideMaster', '../slideMasters/slideMaster1.xml'))),
    ('ppt/theme/theme1.xml', theme),
] + [p for i, s in enumerate(slides) for p in [(f'ppt/slides/slide{i + 1}.xml', s), (f'ppt/slides/_rels/slide{i + 1}.xml.rels', rels(('slideLayout', '../slideLayouts/slideLayout1.xml')))]])


def read(name):
    with open(os.path.join(out, name), 'rb') as f:
        return f.read()


pack('pack.zip', [('实拍1.jpg', read('photo-landscape.jpg')), ('清单/送货清单.txt', read('notes.txt')), ('清单/报价.xlsx', read('prices.xlsx'))])
