#include <Python.h>
int CALL(void);
static PyObject *value(PyObject *self, PyObject *none) { return PyLong_FromLong(CALL()); }
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, ""}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "native", 0, -1, methods};
PyMODINIT_FUNC INIT(void) { return PyModule_Create(&definition); }
