#!/bin/sh
# make.sh makes the sample files that the simulated WeCom serves, into data/.
# Their names are in the list below; "make.sh list" prints it. The results are
# committed, so building and testing need none of these tools.
#
# Everything is ours: pictures are drawn here, speech is synthesized, texts are
# invented. Tools, all packages of Debian 12:
#   librsvg2-bin            rsvg-convert: pictures, the PDF
#   libjpeg-turbo-progs     cjpeg
#   webp                    cwebp
#   qrencode                the QR codes
#   ffmpeg                  video, animation, recordings
#   espeak-ng               speech
#   libopencore-amrnb0      AMR-NB, called from python3
#   libvo-amrwbenc0         AMR-WB, called from python3
#   python3                 EXIF, office.py (docx, xlsx, pptx, zip)
#   fonts-noto-cjk          Chinese letters
set -eu

list='
photo-landscape.jpg
photo-portrait.jpg
photo-panorama.jpg
photo-turned.jpg
photo-12mp.jpg
photo-qr-link.jpg
photo-qr-pay.jpg
photo.webp
screenshot.png
emotion-wave.gif
emotion-hello.gif
emotion-ok.png
voice-nb-1.amr
voice-nb-2.amr
voice-wb.awb
call.m4a
call.mp3
video-portrait.mp4
video-landscape.mp4
drawing.pdf
contract.docx
prices.xlsx
proposal.pptx
pack.zip
notes.txt
'

if [ "${1:-}" = list ]; then
	for name in $list; do echo "$name"; done
	exit
fi

cd "$(dirname "$0")"
out=$PWD/data
mkdir -p "$out"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
font="font-family='Noto Sans CJK SC'"

# svg NAME WIDTH HEIGHT reads the inside of a picture.
svg() {
	{
		echo "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='$2' height='$3' viewBox='0 0 $2 $3' $font>"
		cat
		echo '</svg>'
	} >"$tmp/$1.svg"
	rsvg-convert "$tmp/$1.svg" -o "$tmp/$1.png"
}

# jpeg NAME QUALITY turns a drawn picture into data/NAME.jpg.
jpeg() {
	ffmpeg -v error -y -i "$tmp/$1.png" -pix_fmt rgb24 "$tmp/$1.ppm"
	cjpeg -quality "$2" -progressive -optimize -outfile "$out/$1.jpg" "$tmp/$1.ppm"
}

# room WIDTH HEIGHT WALL FLOOR SOFA draws a living room that fits any shape.
room() {
	w=$1 h=$2 f=$(($2 * 68 / 100))
	cat <<END
<defs>
<linearGradient id='wall' x2='0' y2='1'><stop offset='0' stop-color='$3'/><stop offset='1' stop-color='#d8cfc0'/></linearGradient>
<linearGradient id='floor' x2='0' y2='1'><stop offset='0' stop-color='$4'/><stop offset='1' stop-color='#5f4127'/></linearGradient>
<linearGradient id='sky' x2='0' y2='1'><stop offset='0' stop-color='#8fbfe6'/><stop offset='1' stop-color='#eef6fb'/></linearGradient>
</defs>
<rect width='$w' height='$f' fill='url(#wall)'/><rect y='$f' width='$w' height='$((h - f))' fill='url(#floor)'/>
<rect x='$((w * 8 / 100))' y='$((h * 12 / 100))' width='$((w * 26 / 100))' height='$((h * 36 / 100))' fill='#fff'/>
<rect x='$((w * 9 / 100))' y='$((h * 13 / 100))' width='$((w * 11 / 100))' height='$((h * 34 / 100))' fill='url(#sky)'/>
<rect x='$((w * 22 / 100))' y='$((h * 13 / 100))' width='$((w * 11 / 100))' height='$((h * 34 / 100))' fill='url(#sky)'/>
<ellipse cx='$((w * 55 / 100))' cy='$((h * 90 / 100))' rx='$((w * 36 / 100))' ry='$((h * 8 / 100))' fill='#e9dfcf'/>
<rect x='$((w * 34 / 100))' y='$((h * 50 / 100))' width='$((w * 46 / 100))' height='$((h * 22 / 100))' rx='18' fill='$5'/>
<rect x='$((w * 30 / 100))' y='$((h * 60 / 100))' width='$((w * 54 / 100))' height='$((h * 18 / 100))' rx='22' fill='$5' stroke='#0003' stroke-width='4'/>
<circle cx='$((w * 42 / 100))' cy='$((h * 57 / 100))' r='$((h * 5 / 100))' fill='#f2c14e'/><circle cx='$((w * 70 / 100))' cy='$((h * 57 / 100))' r='$((h * 5 / 100))' fill='#7a9e7e'/>
<rect x='$((w * 88 / 100))' y='$((h * 34 / 100))' width='$((w * 1 / 100))' height='$((h * 42 / 100))' fill='#3b3b3b'/>
<path d='M$((w * 83 / 100)) $((h * 36 / 100)) l$((w * 3 / 100)) -$((h * 10 / 100)) h$((w * 5 / 100)) l$((w * 3 / 100)) $((h * 10 / 100)) z' fill='#fff3d1'/>
<text x='$((w * 2 / 100))' y='$((h * 97 / 100))' font-size='$((h * 3 / 100))' fill='#fffc'>星河家居 · 示例照片</text>
END
}

room 1280 960 '#efe7da' '#a9773f' '#7c8b93' | svg photo-landscape 1280 960
jpeg photo-landscape 72
room 960 1280 '#e3ece6' '#8a5a35' '#b0573f' | svg photo-portrait 960 1280
jpeg photo-portrait 72
room 2880 540 '#f4ead9' '#b98a56' '#5d6f5b' | svg photo-panorama 2880 540
jpeg photo-panorama 70
# 12 megapixels in few bytes, as a bomb for those who trust the size of a file.
room 4032 3024 '#eef0ee' '#c49a6c' '#6d7f8a' | svg photo-12mp 4032 3024
jpeg photo-12mp 50
# Upright only for those who heed EXIF orientation 6: the pixels lie on their side.
room 960 1280 '#e9e4da' '#9c6b3f' '#4f6f8f' | svg upright 960 1280
ffmpeg -v error -y -i "$tmp/upright.png" -vf transpose=2 "$tmp/photo-turned.png"
jpeg photo-turned 70
python3 - "$out/photo-turned.jpg" <<'END'
import struct, sys
b = open(sys.argv[1], 'rb').read()
tiff = b'MM\0*\0\0\0\x08' + struct.pack('>HHHIHHI', 1, 0x0112, 3, 1, 6, 0, 0)
app1 = b'Exif\0\0' + tiff
open(sys.argv[1], 'wb').write(b[:2] + b'\xff\xe1' + struct.pack('>H', len(app1) + 2) + app1 + b[2:])
END

# poster TITLE CODE COLOUR draws a notice with a QR code; the code is a PNG to begin with.
poster() {
	qrencode -l M -s 12 -m 2 -o "$tmp/code.png" "$2"
	cat <<END
<rect width='900' height='1200' fill='$3'/><rect x='60' y='150' width='780' height='990' rx='36' fill='#fff'/>
<text x='450' y='105' font-size='56' fill='#fff' text-anchor='middle'>$1</text>
<image x='190' y='250' width='520' height='520' xlink:href='data:image/png;base64,$(base64 -w0 "$tmp/code.png")'/>
<text x='450' y='880' font-size='44' fill='#333' text-anchor='middle'>长按识别二维码</text>
<text x='450' y='960' font-size='34' fill='#888' text-anchor='middle'>星河家居（示例，不是真的）</text>
END
}
poster 扫码看新品 'https://www.example.com/new/oak?from=qr&store=hz01' '#2f6f4f' | svg photo-qr-link 900 1200
jpeg photo-qr-link 75
poster 个人收款码 'wxp://f2f0EXAMPLEonly4demonstration00001' '#22ac38' | svg photo-qr-pay 900 1200
jpeg photo-qr-pay 75
room 1024 768 '#f7f3ee' '#d2ad7c' '#9aa5a0' | svg photo 1024 768
cwebp -quiet -q 70 "$tmp/photo.png" -o "$out/photo.webp"

svg screenshot 750 1334 <<'END'
<rect width='750' height='1334' fill='#ededed'/><rect width='750' height='128' fill='#f7f7f7'/>
<text x='375' y='100' font-size='34' text-anchor='middle'>订单详情</text><text x='40' y='46' font-size='24'>9:41</text>
<rect x='24' y='152' width='702' height='300' rx='16' fill='#fff'/>
<text x='56' y='212' font-size='32'>橡木餐桌 1.8 米</text><text x='56' y='268' font-size='26' fill='#888'>原木色 · 1 张</text>
<text x='56' y='330' font-size='26' fill='#888'>订单号 XH2603010042</text><text x='56' y='400' font-size='38' fill='#fa5151'>¥4680</text>
<rect x='24' y='476' width='702' height='420' rx='16' fill='#fff'/>
<g font-size='28'><text x='56' y='540'>已下单</text><text x='56' y='640'>生产中</text><text x='56' y='740'>待配送</text><text x='56' y='840'>待安装</text></g>
<g fill='#07c160'><circle cx='660' cy='530' r='14'/><circle cx='660' cy='630' r='14'/></g><g fill='#ccc'><circle cx='660' cy='730' r='14'/><circle cx='660' cy='830' r='14'/></g>
<rect x='24' y='1200' width='702' height='92' rx='12' fill='#07c160'/><text x='375' y='1258' font-size='34' fill='#fff' text-anchor='middle'>联系客服</text>
END
ffmpeg -v error -y -i "$tmp/screenshot.png" -vf 'split[a][b];[a]palettegen=max_colors=64[p];[b][p]paletteuse=dither=none' "$out/screenshot.png"

# face ARM MOUTH draws one picture of a sticker.
face() {
	cat <<END
<circle cx='120' cy='110' r='86' fill='#ffd34d' stroke='#c98a1b' stroke-width='5'/>
<circle cx='90' cy='92' r='11' fill='#3a2a1a'/><circle cx='150' cy='92' r='11' fill='#3a2a1a'/>
<path d='M80 $((138 - $2)) Q120 $((150 + $2)) 160 $((138 - $2))' fill='none' stroke='#3a2a1a' stroke-width='8' stroke-linecap='round'/>
<path d='M196 150 L$((214 + $1 / 3)) $((120 - $1))' stroke='#c98a1b' stroke-width='16' stroke-linecap='round'/>
<text x='120' y='230' font-size='30' text-anchor='middle' fill='#333'>$3</text>
END
}
for n in 0 1 2 3; do
	face $((n * 12)) 10 你好 | svg "wave$n" 240 240
	face 0 $((n * 10)) 哈哈 | svg "hello$n" 240 240
done
for name in wave hello; do
	ffmpeg -v error -y -framerate 6 -i "$tmp/$name%d.png" -lavfi 'split[a][b];[a]palettegen=max_colors=32:reserve_transparent=1[p];[b][p]paletteuse=dither=none' "$out/emotion-$name.gif"
done
face 6 14 OK | svg ok 240 240
ffmpeg -v error -y -i "$tmp/ok.png" -pix_fmt rgba "$out/emotion-ok.png"

# speak NAME VOICE TEXT makes speech of 22,050 Hz.
speak() { espeak-ng -v "$2" -s 165 -w "$tmp/$1.wav" "$3"; }
speak one cmn '您好，我是星河家居的客户顾问。您订的橡木餐桌已经到货了，这个星期六上午可以送货。送货之前，师傅会提前一个小时给您打电话。'
speak two cmn+f3 '好的，麻烦送到三幢一千二百零一室。电梯需要提前预约，到了楼下给我打电话就行。谢谢，再见。'

# amr NAME SPEECH RATE writes data/NAME: AMR-NB at 12.2 kbit/s for 8000 Hz, AMR-WB
# at 12.65 kbit/s for 16000 Hz. It calls the encoders themselves: ffmpeg and sox of
# Debian have none for AMR-WB, and sox garbles AMR-NB.
amr() {
	ffmpeg -v error -y -i "$tmp/$2.wav" -af volume=-3dB -ar "$3" -ac 1 -f s16le "$tmp/pcm.raw"
	python3 - "$tmp/pcm.raw" "$out/$1" "$3" <<'END'
import ctypes, sys
pcm, frame = open(sys.argv[1], 'rb').read(), ctypes.create_string_buffer(64)
if sys.argv[3] == '8000':
    lib, head, size = ctypes.CDLL('libopencore-amrnb.so.0'), b'#!AMR\n', 320
    start, encode, last, mode = lib.Encoder_Interface_init, lib.Encoder_Interface_Encode, 0, 7
else:
    lib, head, size = ctypes.CDLL('libvo-amrwbenc.so.0'), b'#!AMR-WB\n', 640
    start, encode, last, mode = lib.E_IF_init, lib.E_IF_encode, 0, 2
start.restype = ctypes.c_void_p
state = ctypes.c_void_p(start(0))
with open(sys.argv[2], 'wb') as f:
    f.write(head)
    for i in range(0, len(pcm) - size + 1, size):
        n = encode(state, mode, pcm[i:i + size], frame, last)
        f.write(frame.raw[:n])
END
}
amr voice-nb-1.amr one 8000
amr voice-nb-2.amr two 8000
amr voice-wb.awb two 16000
ffmpeg -v error -y -i "$tmp/one.wav" -i "$tmp/two.wav" -filter_complex '[0][1]concat=n=2:v=0:a=1' -ar 16000 "$tmp/call.wav"
ffmpeg -v error -y -i "$tmp/call.wav" -map_metadata -1 -c:a aac -b:a 20k -movflags +faststart "$out/call.m4a"
ffmpeg -v error -y -i "$tmp/two.wav" -map_metadata -1 -c:a libmp3lame -b:a 24k -ar 16000 -write_xing 1 "$out/call.mp3"

# film NAME WIDTH HEIGHT SECONDS FLAGS pans over a drawn room, with speech.
film() {
	ffmpeg -v error -y -loop 1 -framerate 12 -t "$4" -i "$tmp/photo-panorama.png" -i "$tmp/one.wav" \
		-filter_complex "[0]scale=-2:$3,crop=$2:$3:'(iw-ow)*t/$4':0,format=yuv420p[v]" \
		-map '[v]' -map 1:a -t "$4" -map_metadata -1 -c:v libx264 -preset veryslow -crf 32 -g 48 -c:a aac -b:a 24k -ac 1 $5 "$out/$1.mp4"
}
film video-portrait 360 640 6 '-movflags +faststart'
film video-landscape 640 360 8 '' # moov at the end, as phones write it

# page N TITLE draws one sheet of the PDF; its letters stay letters.
page() {
	svg "page$1" 595 842 <<END
<rect width='595' height='842' fill='#fff'/><text x='60' y='80' font-size='22'>星河家居 $2</text>
<g stroke='#333' stroke-width='4' fill='none'><path d='M80 160 h430 v420 h-430 z M${3} 160 v240 M80 400 h430 M${3} 440 v140'/></g>
<g font-size='14' fill='#333'><text x='110' y='280'>客厅 4.2 × 5.6 米</text><text x='380' y='280'>主卧 3.6 × 4.1 米</text><text x='110' y='500'>厨房</text><text x='380' y='500'>次卧</text></g>
<text x='60' y='660' font-size='13'>说明：本图为示例，尺寸以现场测量为准。层高 2.8 米。</text><text x='60' y='790' font-size='12' fill='#888'>第 $1 页，共 3 页</text>
END
}
page 1 平面布置图 300
page 2 水电点位图 330
page 3 柜体立面图 270
rsvg-convert -f pdf "$tmp/page1.svg" "$tmp/page2.svg" "$tmp/page3.svg" -o "$out/drawing.pdf"

printf '%s\r\n' '星河家居 送货清单' '1. 橡木餐桌 1.8米 原木色' '2. 餐椅 六把装 胡桃色' '3. 餐边柜 1.5米 烟熏色' '备注：周六上午，请提前一小时电话联系。' >"$out/notes.txt"
python3 office.py "$out"

for name in $list; do
	[ -s "$out/$name" ] || { echo "make.sh: $name was not made" >&2; exit 1; }
done
du -cb "$out"/* | tail -n 1
