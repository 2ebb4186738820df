// Calls shm_open through cgo, and reports the errno that cgo finds after the call:
//
//	errno NAME
//
// An unlink fails first. An shm_open that works must not report that errno.
package main

// #cgo CFLAGS: -I${SRCDIR}/../../examples/capi
// #cgo LDFLAGS: -L${SRCDIR}/../../target/static -l:librawshm_capi.a
// #include <stdlib.h>
// #include "rawshm.h"
import "C"

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

func main() {
	name := C.CString(os.Args[1])
	defer C.free(unsafe.Pointer(name))
	_, unlinked := C.shm_unlink(name)
	fd, created := C.shm_open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL, 0o600)
	_, again := C.shm_open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL, 0o600)
	_, removed := C.shm_unlink(name)
	fmt.Println(unlinked, "|", fd >= 0, created, "|", again, "|", removed)
}
