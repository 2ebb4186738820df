// Replaces /my_shm, or the object named, with a new one of 4,000,000,000 bytes that begins with
// three integers.
package main

// #cgo CFLAGS: -I${SRCDIR}
// #cgo linux LDFLAGS: -L${SRCDIR}/../../target/static -l:librawshm_capi.a
// #cgo darwin LDFLAGS: ${SRCDIR}/../../target/static/librawshm_capi.a
// #include <stdlib.h>
// #include "rawshm.h"
import "C"

import (
	"log"
	"os"
	"syscall"
	"unsafe"
)

type columns struct{ one, two, three int64 }

func main() {
	name := "/my_shm"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))

	C.rawshm_unlink(text)
	fd := int(C.rawshm_open(text, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL, 0o644))
	if fd < 0 {
		log.Fatalf("%s: %v", name, syscall.Errno(-fd))
	}
	const size = 4_000_000_000
	if err := syscall.Ftruncate(fd, size); err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	bytes, err := syscall.Mmap(fd, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	*(*columns)(unsafe.Pointer(&bytes[0])) = columns{100, 876, 8021}
}
