import compat from 'eslint-plugin-compat'
import vue from 'eslint-plugin-vue'
import a11y from 'eslint-plugin-vuejs-accessibility'
import ts from 'typescript-eslint'

/** Ways of putting text into the page as HTML: chat text is data, never markup. */
const htmlSinks = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'srcdoc'].map((name) => ({
  selector: `MemberExpression[property.name="${name}"], Property[key.name="${name}"]`,
  message: `${name} would let message text become markup; build vnodes instead.`,
}))

export default ts.config(
  { ignores: ['dist/', 'src/api/schema.d.ts', 'node_modules/', 'tests/visual/out/'] },
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  ...a11y.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    files: ['src/**/*.{ts,vue}'],
    ...compat.configs['flat/recommended'],
  },
  {
    rules: {
      'no-restricted-syntax': [
        'error',
        ...htmlSinks,
        { selector: 'CallExpression[callee.name="eval"]', message: 'The content policy forbids eval.' },
      ],
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
      eqeqeq: ['error', 'smart'],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'vue/no-v-html': 'error',
      'vue/no-restricted-v-bind': ['error', 'innerHTML', 'srcdoc', 'allow-html', 'allowHtml'],
      'vue/no-restricted-static-attribute': ['error', 'allow-html', { key: 'type', value: 'html' }, 'style'],
      'vue/multi-word-component-names': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': ['warn', { html: { void: 'always' } }],
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/require-default-prop': 'off',
      'vue/attributes-order': 'off',
      'vue/no-template-shadow': 'error',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      'vuejs-accessibility/no-static-element-interactions': 'error',
    },
  },
  { files: ['scripts/**', 'build/**', 'tests/**', '*.config.*'], rules: { 'no-console': 'off' } },
)
