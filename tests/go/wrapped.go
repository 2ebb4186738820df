// Opens objects with functions in C around shm_open, as examples in Go often do:
//
//	wrapped new NAME | wrapped open NAME
//
// It is linked as pkg-config says, and reports what cgo takes for the error of each function.
package main

// #cgo pkg-config: rawshm
// #include <fcntl.h>
// #include <stdlib.h>
// #include <rawshm.h>
//
// static int anew(const char *name)
// {
//     rawshm_unlink(name);
//     return shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
// }
//
// static int existing(const char *name)
// {
//     return shm_open(name, O_RDWR, 0);
// }
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

func main() {
	name := C.CString(os.Args[2])
	defer C.free(unsafe.Pointer(name))
	var fd C.int
	var err error
	if os.Args[1] == "new" {
		fd, err = C.anew(name)
	} else {
		fd, err = C.existing(name)
	}
	fmt.Println(fd >= 0, err)
}
