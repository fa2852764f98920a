cat /bundle/Dockerfile.final && echo REPORT-BEGIN && wheelbarrow report --json && echo REPORT-END
echo ORACLE-BEGIN && find / -xdev -path '*-packages/*' -name '*.so' | while read module; do ldd $module 2>/dev/null \
 | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | while read library; do echo "$module => $(readlink -f $library)"; done; done && echo ORACLE-END
