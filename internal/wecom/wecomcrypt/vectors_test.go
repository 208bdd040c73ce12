package wecomcrypt_test

import "huicun/internal/wecom/wecomcrypt"

// vectors were all opened by WeCom's own library.
var vectors = []vector{
	{
		name:  "text",
		plain: "{\"msgid\":\"m1\",\"action\":\"send\",\"from\":\"zhangsan\",\"tolist\":[\"lisi\"],\"roomid\":\"\",\"msgtime\":1700000000000,\"msgtype\":\"text\",\"text\":{\"content\":\"你好, WeCom\"}}",
		material: wecomcrypt.Material{
			Outer: outerKey, Inner: innerKey, IVKey: ramp(0x00), IVBody: ramp(0x10),
			Layout: wecomcrypt.Layout{Pre: 5, Post: 7, Split: 9}, FillerAlphabet: "x",
		},
		encryptKey: "AAECAwQFBgcICQoLDA0ODygFxSPcehcc72cCanB0yzxyHQcWKUqgdNjHZFmHjeF/G6pGsN6DXXUohPQoRoZ7XA==",
		encryptMsg: "xxxxxxxxxxxxxOuterKey-0123456789-0123456789-XxxxxxEBESExQVFxxxxxxxxxhcYGRobHB0eH8CkK5TyRAxSMMmzgC9FxRkx3Ul3EgyEePxpixSgTQBI+KSCbYfpwZcVFmIdCUdCRUeCEH8hO71ubEW42Xw6pY8DwEGVP57JnPNg4mYfT+u9hZyL5aQ2HArlRgIdY9K1EkTNKk3HNHwT4gThuwk02V0yl54g/ILDwkv05//MmSIU/CwT2SYotFGM4zJmaBXGhr/rUI+MqvU3eDlcC1cBMEM=xxxxxxx",
	},
	{
		name:  "empty plaintext",
		plain: "",
		material: wecomcrypt.Material{
			Outer: outerKey, Inner: innerKey, IVKey: ramp(0x00), IVBody: ramp(0x10),
			Layout: wecomcrypt.Layout{Pre: 0, Post: 0, Split: 1}, FillerAlphabet: "x",
		},
		encryptKey: "AAECAwQFBgcICQoLDA0ODygFxSPcehcc72cCanB0yzxyHQcWKUqgdNjHZFmHjeF/c+U3TL/T6bS4zRVFWl2BIQ==",
		encryptMsg: "xxxxxxxxxxxxxOuterKey-0123456789-0123456789-XExBESExQVFhcYGRobHB0eH2WrlNYsOWSWfTOjiWRyOwY=",
	},
	{
		name:  "control characters, longest split",
		plain: "line1\nline2\t\x01\x02\x1f\x7f\"\\",
		material: wecomcrypt.Material{
			Outer: outerKey, Inner: innerKey, IVKey: ramp(0x20), IVBody: ramp(0x30),
			Layout: wecomcrypt.Layout{Pre: 31, Post: 0, Split: 44}, FillerAlphabet: "0123456789",
		},
		encryptKey: "ICEiIyQlJicoKSorLC0uLxP2UKo8Nagj65gq2JcdOTATOJIxiDjOhth87BE/TyakKiO66ehXacet3vF6fiyI0A==",
		encryptMsg: "0123456789012OuterKey-0123456789-0123456789-X3456789012345678901234567890123MDEyMzQ1Njc4OTo7PD0+PzTF1nDmvpi3529o3hvlWuPX45678901234567890123456789012345678901234567vmYqE/HqU2w1gwBj/g0u",
	},
}
