import { because, must, mustNot, optional, section, should, shouldNot } from '../support/clause.ts';

const needsHardware = because(
  'It takes a CPU with resource control. Unit tests of tsoci do it on a directory that looks like resctrl.',
);

export const linuxRdtClauses = section('config-linux.md#configLinuxIntelRdt', [
  optional('intel-rdt', 'intelRdt puts the container into a group of resctrl.', 'intel-rdt.not-mounted'),
  must('intel-rdt.tasks', 'The process enters the tasks of its class of service.', needsHardware),
  must('intel-rdt.mounted', 'Without a mounted resctrl it is an error.', 'intel-rdt.not-mounted'),
  mustNot('intel-rdt.unset', 'Without intelRdt no resctrl is touched.', needsHardware),
  optional('intel-rdt.clos-id', 'closID names the class.', needsHardware),
  must('intel-rdt.clos-root', '/ is the class that everybody is in.', needsHardware),
  optional('intel-rdt.l3', 'l3CacheSchema is a schema of the L3 cache.', needsHardware),
  should('intel-rdt.l3-prefix', 'It begins with L3:.', because('It binds who writes configs.')),
  shouldNot('intel-rdt.l3-lines', 'It is one line.', 'intel-rdt.wrong'),
  optional('intel-rdt.memory-bandwidth', 'memBwSchema is a schema of memory bandwidth.', needsHardware),
  must('intel-rdt.memory-bandwidth-prefix', 'It begins with MB:.', 'intel-rdt.wrong'),
  mustNot('intel-rdt.memory-bandwidth-lines', 'It is one line.', 'intel-rdt.wrong'),
  optional('intel-rdt.schemata', 'schemata are further lines.', needsHardware),
  mustNot('intel-rdt.schemata-lines', 'Each is one line.', 'intel-rdt.wrong'),
  optional('intel-rdt.monitoring', 'enableMonitoring monitors the container.', needsHardware),
  must('intel-rdt.rules', 'The following rules hold.', needsHardware),
  must('intel-rdt.both-schemas', 'Both schemas are written.', needsHardware),
  must('intel-rdt.schema-order', 'The cache’s comes first.', needsHardware),
  must('intel-rdt.one-schema', 'One alone is written as well.', needsHardware),
  must('intel-rdt.schemata-written', 'schemata are written.', needsHardware),
  mustNot('intel-rdt.nothing-written', 'Without any of them nothing is written.', needsHardware),
  must(
    'intel-rdt.default-name',
    'Without closID the class is named after the container, and made.',
    needsHardware,
  ),
  must('intel-rdt.made', 'A named class that is not there is made for a schema.', needsHardware),
  must('intel-rdt.compared', 'One that is there has to have the same schema.', needsHardware),
  must('intel-rdt.looked-for', 'Without a schema the named class has to be there.', needsHardware),
  must('intel-rdt.assigned', 'Then the container enters it.', needsHardware),
  must('intel-rdt.removed', 'A class that was made for the container goes with it.', needsHardware),
  mustNot('intel-rdt.kept', 'Any other stays.', needsHardware),
  must(
    'intel-rdt.monitoring-group',
    'A container that is monitored has a group of its own for that.',
    needsHardware,
  ),
  must('intel-rdt.monitoring-name', 'It is named after the container, below its class.', needsHardware),
  must('intel-rdt.monitoring-removed', 'It goes with the container.', needsHardware),
  must('intel-rdt.monitoring-error', 'If it cannot be made, that is an error.', needsHardware),
]);
