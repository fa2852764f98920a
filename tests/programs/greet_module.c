#include <Python.h>
const char *greet_home(void);
static PyObject *home(PyObject *self, PyObject *none) { return PyUnicode_FromString(greet_home()); }
static PyMethodDef methods[] = {{"home", home, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, NAME, 0, -1, methods};
PyMODINIT_FUNC INIT(void) { return PyModule_Create(&module); }
