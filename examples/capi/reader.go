// Prints the three integers at the start of /my_shm, or of the object named.
package main

// #cgo CFLAGS: -I${SRCDIR}
// #cgo linux LDFLAGS: -L${SRCDIR}/../../target/static -l:librawshm_capi.a
// #cgo darwin LDFLAGS: ${SRCDIR}/../../target/static/librawshm_capi.a
// #include <stdlib.h>
// #include "rawshm.h"
import "C"

import (
	"fmt"
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

	fd := int(C.rawshm_open(text, syscall.O_RDONLY, 0))
	if fd < 0 {
		log.Fatalf("%s: %v", name, syscall.Errno(-fd))
	}
	var status syscall.Stat_t
	if err := syscall.Fstat(fd, &status); err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	// Reading an object that its writer has not sized yet would be a SIGBUS.
	if status.Size < 24 {
		log.Fatalf("%s: too small", name)
	}
	bytes, err := syscall.Mmap(fd, 0, 24, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	fmt.Println((*columns)(unsafe.Pointer(&bytes[0])))
}
