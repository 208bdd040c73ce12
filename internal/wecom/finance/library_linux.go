//go:build linux && cgo

package finance

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

// The functions of the Finance SDK that are used, found by name at run time.
// Handles, slices and media objects stay opaque: only accessors touch them.
typedef struct {
	void *(*new_sdk)(void);
	void  (*destroy_sdk)(void *sdk);
	int   (*init)(void *sdk, const char *corpid, const char *secret);
	int   (*get_chat_data)(void *sdk, unsigned long long seq, unsigned int limit,
	                       const char *proxy, const char *passwd, int timeout, void *slice);
	int   (*decrypt_data)(const char *key, const char *msg, void *slice);
	int   (*get_media_data)(void *sdk, const char *indexbuf, const char *fileid,
	                        const char *proxy, const char *passwd, int timeout, void *media);
	void *(*new_slice)(void);
	void  (*free_slice)(void *slice);
	char *(*slice_content)(void *slice);
	int   (*slice_len)(void *slice);
	void *(*new_media)(void);
	void  (*free_media)(void *media);
	char *(*media_index)(void *media);
	int   (*media_index_len)(void *media);
	char *(*media_data)(void *media);
	int   (*media_data_len)(void *media);
	int   (*media_finished)(void *media);
} finance_functions;

// finance_load opens the library and fills f. It returns NULL, or what is wrong.
static const char *finance_load(const char *path, finance_functions *f) {
	struct { const char *name; void **to; } names[] = {
		{"NewSdk", (void **)&f->new_sdk}, {"DestroySdk", (void **)&f->destroy_sdk},
		{"Init", (void **)&f->init}, {"GetChatData", (void **)&f->get_chat_data},
		{"DecryptData", (void **)&f->decrypt_data}, {"GetMediaData", (void **)&f->get_media_data},
		{"NewSlice", (void **)&f->new_slice}, {"FreeSlice", (void **)&f->free_slice},
		{"GetContentFromSlice", (void **)&f->slice_content}, {"GetSliceLen", (void **)&f->slice_len},
		{"NewMediaData", (void **)&f->new_media}, {"FreeMediaData", (void **)&f->free_media},
		{"GetOutIndexBuf", (void **)&f->media_index}, {"GetIndexLen", (void **)&f->media_index_len},
		{"GetData", (void **)&f->media_data}, {"GetDataLen", (void **)&f->media_data_len},
		{"IsMediaDataFinish", (void **)&f->media_finished},
	};
	void *dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (dl == NULL) return dlerror();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		*names[i].to = dlsym(dl, names[i].name);
		if (*names[i].to == NULL) { dlclose(dl); return names[i].name; }
	}
	return NULL;
}

static void *fin_new_sdk(finance_functions *f) { return f->new_sdk(); }
static void fin_destroy_sdk(finance_functions *f, void *sdk) { f->destroy_sdk(sdk); }
static int fin_init(finance_functions *f, void *sdk, const char *corpid, const char *secret) {
	return f->init(sdk, corpid, secret);
}
static int fin_chat(finance_functions *f, void *sdk, unsigned long long seq, unsigned int limit,
                    const char *proxy, const char *passwd, int timeout, void *slice) {
	return f->get_chat_data(sdk, seq, limit, proxy, passwd, timeout, slice);
}
static int fin_decrypt(finance_functions *f, const char *key, const char *msg, void *slice) {
	return f->decrypt_data(key, msg, slice);
}
static int fin_media(finance_functions *f, void *sdk, const char *indexbuf, const char *fileid,
                     const char *proxy, const char *passwd, int timeout, void *media) {
	return f->get_media_data(sdk, indexbuf, fileid, proxy, passwd, timeout, media);
}
static void *fin_new_slice(finance_functions *f) { return f->new_slice(); }
static void fin_free_slice(finance_functions *f, void *s) { f->free_slice(s); }
static char *fin_slice_content(finance_functions *f, void *s) { return f->slice_content(s); }
static int fin_slice_len(finance_functions *f, void *s) { return f->slice_len(s); }
static void *fin_new_media(finance_functions *f) { return f->new_media(); }
static void fin_free_media(finance_functions *f, void *m) { f->free_media(m); }
static char *fin_media_index(finance_functions *f, void *m) { return f->media_index(m); }
static int fin_media_index_len(finance_functions *f, void *m) { return f->media_index_len(m); }
static char *fin_media_data(finance_functions *f, void *m) { return f->media_data(m); }
static int fin_media_data_len(finance_functions *f, void *m) { return f->media_data_len(m); }
static int fin_media_finished(finance_functions *f, void *m) { return f->media_finished(m); }
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// sdkMissing says why this build cannot use the SDK; "" when it can.
const sdkMissing = ""

// library is an opened Finance SDK with one handle. Only one call at a time may
// use it.
type library struct {
	setup setup
	path  string
	fns   C.finance_functions
	sdk   unsafe.Pointer // nil between destroy and open

	// What each call passes on, allocated once.
	proxy, passwd *C.char
}

// openLibrary loads the library and makes a handle. The int is the return code
// of Init when that is what failed.
func openLibrary(s setup) (*library, int, error) {
	path, err := checkLibrary(s.Library)
	if err != nil {
		return nil, 0, err
	}
	l := &library{setup: s, path: path}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	if reason := C.finance_load(cpath, &l.fns); reason != nil {
		return nil, 0, loadError(path, C.GoString(reason))
	}
	l.proxy, l.passwd = C.CString(s.Proxy), C.CString(s.ProxyPassword)
	if code := l.open(); code != 0 {
		return nil, code, nil
	}
	return l, 0, nil
}

// loadError words what the loader said.
func loadError(path, reason string) error {
	if !strings.ContainsAny(reason, " /:") { // the name of a function
		return fmt.Errorf("%s is no Finance SDK: it has no function %s", path, reason)
	}
	return fmt.Errorf("the library does not load (libc, libz, libm, librt of glibc are needed): %s", reason)
}

// open makes a handle. A handle whose Init fails is destroyed.
func (l *library) open() int {
	corpID, secret := C.CString(l.setup.CorpID), C.CString(l.setup.Secret)
	defer C.free(unsafe.Pointer(corpID))
	defer C.free(unsafe.Pointer(secret))
	l.sdk = C.fin_new_sdk(&l.fns)
	if l.sdk == nil {
		return 10003
	}
	code := int(C.fin_init(&l.fns, l.sdk, corpID, secret))
	if code != 0 {
		l.destroy()
	}
	return code
}

// destroy gives the handle back.
func (l *library) destroy() {
	if l.sdk != nil {
		C.fin_destroy_sdk(&l.fns, l.sdk)
		l.sdk = nil
	}
}

// reset replaces the handle, so that the next call fetches a new token.
func (l *library) reset() int {
	l.destroy()
	return l.open()
}

func (l *library) chatData(seq, limit uint64) reply {
	slice := C.fin_new_slice(&l.fns)
	if l.sdk == nil || slice == nil {
		return reply{Code: 10003}
	}
	defer C.fin_free_slice(&l.fns, slice)
	code := C.fin_chat(&l.fns, l.sdk, C.ulonglong(seq), C.uint(limit), l.proxy, l.passwd, C.int(l.setup.Seconds), slice)
	return l.sliceReply(code, slice)
}

func (l *library) decrypt(item Sealed) reply {
	slice := C.fin_new_slice(&l.fns)
	if slice == nil {
		return reply{Code: 10003}
	}
	defer C.fin_free_slice(&l.fns, slice)
	key, msg := C.CString(item.Key), C.CString(item.Msg)
	defer C.free(unsafe.Pointer(key))
	defer C.free(unsafe.Pointer(msg))
	return l.sliceReply(C.fin_decrypt(&l.fns, key, msg, slice), slice)
}

func (l *library) sliceReply(code C.int, slice unsafe.Pointer) reply {
	p := reply{Code: int(code)}
	if code == 0 {
		p.Data = goBytes(C.fin_slice_content(&l.fns, slice), C.fin_slice_len(&l.fns, slice))
	}
	return p
}

func (l *library) media(indexBuf, fileID string) reply {
	media := C.fin_new_media(&l.fns)
	if l.sdk == nil || media == nil {
		return reply{Code: 10003}
	}
	defer C.fin_free_media(&l.fns, media)
	index, file := C.CString(indexBuf), C.CString(fileID)
	defer C.free(unsafe.Pointer(index))
	defer C.free(unsafe.Pointer(file))
	code := C.fin_media(&l.fns, l.sdk, index, file, l.proxy, l.passwd, C.int(l.setup.Seconds), media)
	if code != 0 {
		return reply{Code: int(code)}
	}
	return reply{
		Data:        goBytes(C.fin_media_data(&l.fns, media), C.fin_media_data_len(&l.fns, media)),
		OutIndexBuf: string(goBytes(C.fin_media_index(&l.fns, media), C.fin_media_index_len(&l.fns, media))),
		Finished:    C.fin_media_finished(&l.fns, media) == 1,
	}
}

// goBytes copies what belongs to the SDK.
func goBytes(p *C.char, n C.int) []byte {
	if p == nil || n <= 0 {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(p), n)
}
