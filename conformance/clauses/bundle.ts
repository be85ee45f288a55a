import { because, must, required, section } from '../support/clause.ts';

export const bundleClauses = section('bundle.md#containerFormat', [
  required('bundle.config-required', 'A bundle has a config.json.', 'bundle.no-config'),
  must('bundle.config-place', 'config.json lies directly in the bundle directory.', [
    'bundle.no-config',
    'bundle.not-a-directory',
  ]),
  must('bundle.config-name', 'The file is called config.json and nothing else.', 'bundle.config-name'),
  must(
    'bundle.one-directory',
    'What belongs to a bundle lies in one directory of the local filesystem.',
    because(
      'It binds who writes bundles: an absolute root path outside the bundle is allowed elsewhere in the text.',
    ),
  ),
]);
